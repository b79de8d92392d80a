import os.path as osp
from typing import List

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .key_list import read_pairs


@DATASETS.register_module()
class MiniWebVision(BaseDataset):
    """`WebVision 1.0 <https://data.vision.ee.ethz.ch/cvl/webvision/>`_, Google images of the first 50 classes.

    Args:
        data_root (str): Folder of ``info/train_filelist_google.txt``, ``info/val_filelist.txt`` and the images; the
            training list is relative to it, the validation list to ``val_images_256/``.
        split (str): ``'train'`` or ``'val'``. Defaults to ``'train'``.
        num_classes (int): How many of the 1,000 classes. Defaults to 50.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: Unknown split, a damaged list, or one without images of these classes.
    """

    LISTS = {'train': ('train_filelist_google.txt', ''), 'val': ('val_filelist.txt', 'val_images_256')}

    def __init__(self, data_root: str, split: str = 'train', num_classes: int = 50, **kwargs):
        if split not in self.LISTS:
            raise ValueError(f"MiniWebVision: split must be 'train' or 'val', not {split!r}.")
        self.split = split
        kwargs.setdefault('classes', [str(number) for number in range(num_classes)])
        kwargs.setdefault('test_mode', split == 'val')
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img_path``, ``gt_label``."""
        name, folder = self.LISTS[self.split]
        path = osp.join(self.data_root, 'info', name)
        data_list = [
            dict(img_path=osp.join(self.data_root, folder, file), gt_label=label)
            for file, label in read_pairs(path)
            if label < len(self.CLASSES)
        ]
        if not data_list:
            raise ValueError(f'{path} has no images of the first {len(self.CLASSES)} classes.')
        return data_list
