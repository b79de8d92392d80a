from typing import List, Optional

import numpy as np

from ..registry import DATASETS
from .batched_fetch import BatchedDataset


@DATASETS.register_module()
class ImageArray(BatchedDataset):
    """Images of one size in a ``.npy`` file, memory-mapped, and their labels in another.

    Args:
        images (str): (N, H, W, 3) uint8, RGB.
        labels (str): (N,) integers.
        num_classes (int): K; the classes are called '0'..'K-1'.
        rows (str, optional): A ``.npy`` file of rows, (M,) integers: only these. Defaults to None.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Arrays that do not fit.
    """

    def __init__(self, images: str, labels: str, num_classes: int, rows: Optional[str] = None, **kwargs):
        self.images = np.load(images, mmap_mode='r', allow_pickle=False)
        self.labels = np.load(labels, allow_pickle=False).astype(np.int64)
        if self.images.ndim != 4 or self.images.dtype != np.uint8 or len(self.images) != len(self.labels):
            raise ValueError(
                f'ImageArray: {images} must hold ({len(self.labels)}, H, W, 3) uint8, as many as {labels} has labels, not '
                f'{self.images.shape} {self.images.dtype}.'
            )
        if self.labels.max(initial=0) >= num_classes:
            raise ValueError(
                f'ImageArray: num_classes={num_classes}, but {labels} has the label {self.labels.max()}: set it to '
                f'{self.labels.max() + 1}, or correct the labels.'
            )
        self.rows = np.arange(len(self.labels)) if rows is None else np.load(rows, allow_pickle=False)
        super().__init__(ann_file='', classes=[str(label) for label in range(num_classes)], **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``gt_label``."""
        return [dict(gt_label=int(label)) for label in self.labels[self.rows]]

    def get_data_info(self, idx: int) -> dict:
        """A sample's label and its ``img``, (H, W, 3) uint8."""
        info = super().get_data_info(idx)
        info['img'] = np.array(self.images[self.rows[info['sample_idx']]])
        return info
