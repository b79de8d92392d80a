import os.path as osp
from typing import List

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .key_list import labelled, read_labels, read_lines


@DATASETS.register_module()
class Clothing1M(BaseDataset):
    """`Clothing1M <https://github.com/Cysu/noisy_label>`_: a million web images, 14 classes, about 38 % wrong labels.

    Args:
        data_root (str): Folder of the lists (``noisy_train_key_list.txt``, ``noisy_label_kv.txt``,
            ``clean_{train,val,test}_key_list.txt``, ``clean_label_kv.txt``) to which the listed paths are relative.
        split (str): ``'noisy_train'``, ``'clean_train'``, ``'clean_val'`` or ``'clean_test'``.
            Defaults to ``'noisy_train'``.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: Unknown split, or a list that is damaged or has no label for a file.
    """

    METAINFO = {
        'classes': (
            'T-Shirt',
            'Shirt',
            'Knitwear',
            'Chiffon',
            'Sweater',
            'Hoodie',
            'Windbreaker',
            'Jacket',
            'Downcoat',
            'Suit',
            'Shawl',
            'Dress',
            'Vest',
            'Underwear',
        )
    }
    SPLITS = ('noisy_train', 'clean_train', 'clean_val', 'clean_test')

    def __init__(self, data_root: str, split: str = 'noisy_train', **kwargs):
        if split not in self.SPLITS:
            raise ValueError(f'Clothing1M: split must be one of {", ".join(self.SPLITS)}, not {split!r}.')
        self.split = split
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img_path``, ``gt_label``."""
        keys_file = osp.join(self.data_root, f'{self.split}_key_list.txt')
        labels_file = osp.join(self.data_root, f'{self.split.split("_")[0]}_label_kv.txt')
        pairs = labelled(read_lines(keys_file), read_labels(labels_file), keys_file, labels_file)
        return [dict(img_path=osp.join(self.data_root, key), gt_label=label) for key, label in pairs]
