import gzip
import math
import zlib
from pathlib import Path
from typing import List, Optional

import numpy as np
from mmpretrain.datasets import FashionMNIST as _FashionMNIST

from ..registry import DATASETS
from .batched_fetch import BatchedDataset


@DATASETS.register_module()
class FashionMNIST(BatchedDataset, _FashionMNIST):
    """`Fashion-MNIST <https://github.com/zalandoresearch/fashion-mnist>`_: 60,000 training and 10,000 test images.

    28x28, grey, 10 classes. The four files are read compressed (``.gz``) or extracted; nothing is downloaded.

    Args:
        split (str): ``'train'`` or ``'test'``. Defaults to ``'train'``.
        data_root (str, optional): Folder of the files. None looks in :attr:`SEARCHED`. Defaults to None.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ValueError: Unknown split, or a damaged file; the message names it.
        FileNotFoundError: No such data; the message says where they were looked for and how to get them.
    """

    #: Where the files are looked for, the last one being the place of Debian's package.
    SEARCHED = ('data/fashion-mnist', 'data/fashion_mnist', '/usr/share/datasets/fashion-mnist')

    def __init__(self, split: str = 'train', data_root: Optional[str] = None, **kwargs):
        if split not in ('train', 'test'):
            raise ValueError(f"FashionMNIST: split must be 'train' or 'test', not {split!r}.")
        self.searched = self.SEARCHED if data_root is None else (data_root,)
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(data_root=self.searched[0], split=split, download=False, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img`` (28, 28) uint8, ``gt_label`` int."""
        prefix = 'train' if self.split == 'train' else 't10k'
        image_file, label_file = self._find(f'{prefix}-images-idx3-ubyte', f'{prefix}-labels-idx1-ubyte')
        images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
        if len(images) != len(labels):
            raise ValueError(f'{image_file} has {len(images)} images, but {label_file} has {len(labels)} labels.')
        if len(labels) and labels.max() > 9:
            raise ValueError(f'{label_file} has the label {labels.max()}, but Fashion-MNIST has the classes 0..9.')
        return [dict(img=image, gt_label=int(label)) for image, label in zip(images, labels)]

    def _find(self, *names: str) -> List[Path]:
        for folder in map(Path, self.searched):
            files = [next((f for f in (folder / name, folder / f'{name}.gz') if f.is_file()), None) for name in names]
            if all(files):
                return files
        raise FileNotFoundError(
            f'Fashion-MNIST ({self.split} split) was not found in {", ".join(map(str, self.searched))}. Install the '
            'Debian package `dataset-fashion-mnist`, or put the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte'
            f'(.gz) into {self.searched[0]}.'
        )


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """Read an IDX file of bytes, compressed where its name ends in ``.gz``.

    Args:
        path (Path): The file.
        ndim (int): Expected number of dimensions.

    Returns:
        np.ndarray: uint8, writable.

    Raises:
        ValueError: Not such a file, or a truncated or damaged one.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f'{path} is damaged ({error}). Get it again.') from error
    start = 4 + 4 * ndim
    if len(data) < start or data[:4] != bytes([0, 0, 8, ndim]):
        raise ValueError(f'{path} is not an IDX file of {ndim}-dimensional bytes. Get it again.')
    shape = np.frombuffer(data, '>u4', ndim, 4).tolist()
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f'{path} is damaged: it should hold {start + math.prod(shape)} bytes, but has {len(data)}. Get it again.'
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
