from functools import lru_cache
from typing import List

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS


@DATASETS.register_module()
class Digits(BaseDataset):
    """scikit-learn's hand-written digits: 1,437 training and 360 test images, 8x8, grey, 10 classes.

    The images come with scikit-learn, nothing is downloaded. The split is fixed.

    Args:
        split (str): ``'train'`` or ``'test'``. Defaults to ``'train'``.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ValueError: Unknown split.
    """

    METAINFO = {'classes': tuple(str(digit) for digit in range(10))}
    NUM_TRAIN = 1437

    def __init__(self, split: str = 'train', **kwargs):
        if split not in ('train', 'test'):
            raise ValueError(f"Digits: split must be 'train' or 'test', not {split!r}.")
        self.split = split
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img`` (8, 8) uint8 in [0, 240], ``gt_label`` int."""
        digits = _load()
        # RandomState's stream is frozen by numpy, default_rng's is not: the split must never change.
        order = np.random.RandomState(0).permutation(len(digits.target))
        rows = order[: self.NUM_TRAIN] if self.split == 'train' else order[self.NUM_TRAIN :]
        images = (digits.images * 15).astype(np.uint8)
        return [dict(img=images[row], gt_label=int(digits.target[row])) for row in rows]


@lru_cache(maxsize=1)
def _load():
    """scikit-learn parses a text file: once for the train, validation and test data of a run."""
    from sklearn.datasets import load_digits

    return load_digits()
