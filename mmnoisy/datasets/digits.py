import gzip
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import List, Tuple

import numpy as np

from ..registry import DATASETS
from .batched_fetch import BatchedDataset


@DATASETS.register_module()
class Digits(BatchedDataset):
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
        # mmengine's packing of annotations frees memory that a small set does not need, and takes half a second.
        kwargs.setdefault('serialize_data', False)
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img`` (8, 8) uint8 in [0, 240], ``gt_label`` int."""
        images, labels = _load()
        # RandomState's stream is frozen by numpy, default_rng's is not: the split must never change.
        order = np.random.RandomState(0).permutation(len(labels))
        rows = order[: self.NUM_TRAIN] if self.split == 'train' else order[self.NUM_TRAIN :]
        return [dict(img=images[row], gt_label=int(labels[row])) for row in rows]


@lru_cache(maxsize=1)
def _load() -> Tuple[np.ndarray, np.ndarray]:
    """Images (1797, 8, 8) uint8 and labels (1797,) of scikit-learn's text file, which is parsed once for all parts of a run.

    It is read where it lies: to import scikit-learn takes a second.
    """
    package = find_spec('sklearn')
    path = Path(package.origin).parent / 'datasets' / 'data' / 'digits.csv.gz' if package and package.origin else None
    if path is not None and path.is_file():
        with gzip.open(path, 'rt') as file:
            table = np.array([line.split(',') for line in file], dtype=np.float64)
        images, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = digits.images, digits.target
    return (images * 15).astype(np.uint8), labels.astype(np.int64)
