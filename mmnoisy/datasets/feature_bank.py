"""Features of a data set's images, read from the folder that :mod:`mmnoisy.engine.feature_bank` wrote them to."""

import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import print_log

from ..registry import DATASETS
from .batched_fetch import BatchedDataset

VERSION = 1
PENDING, READ, UNREADABLE = 0, 1, 2


@dataclass(frozen=True)
class Bank:
    """Features of N images in V views; row i of everything is image i of the list that it was made from.

    Attributes:
        folder (Path): Where it lies.
        features (np.ndarray): (V, N, D) float16, memory-mapped. View 0 is the plain image, the others are random
            crops. Zeros where an image could not be read.
        paths (list[str]): N file names, or names of samples where the images came from a data set in memory.
        readable (np.ndarray): (N,) bool.
        errors (dict[str, str]): Why, for each path that could not be read.
        columns (dict[str, np.ndarray]): Columns of (N,) labels by name, the first is that of the given labels.
        classes (list[str] | None): Their names.
        meta (dict): ``backbone``, ``size``, ``views``, ``precision``, ``transforms``, ``checksum`` and so on.
    """

    folder: Path
    features: np.ndarray
    paths: List[str]
    readable: np.ndarray
    errors: Dict[str, str]
    columns: Dict[str, np.ndarray] = field(default_factory=dict)
    classes: Optional[List[str]] = None
    meta: dict = field(default_factory=dict)

    @property
    def labels(self) -> Optional[np.ndarray]:
        """The given labels, (N,) int64; None where the bank has none."""
        return next(iter(self.columns.values()), None)

    def statistics(self) -> Tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each feature over the readable images' plain view, (D,) float32 each.

        A feature that never changes has the deviation 1.

        Raises:
            ValueError: No image is readable.
        """
        if not self.readable.any():
            raise ValueError(f'The feature bank {self.folder} has no readable image.')
        total: Any = 0.0
        squares: Any = 0.0
        count = 0
        for start in range(0, len(self.paths), 8192):
            rows = np.flatnonzero(self.readable[start : start + 8192]) + start
            part = self.features[0, rows].astype(np.float64)
            total, squares, count = total + part.sum(0), squares + (part**2).sum(0), count + len(rows)
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0)
        std = np.where(variance > 1e-12, np.sqrt(variance), 1)
        return mean.astype(np.float32), std.astype(np.float32)


def read_bank(folder) -> Bank:
    """Open a finished feature bank.

    Raises:
        FileNotFoundError: There is none, or its making was interrupted.
        ValueError: Its files do not belong together.
    """
    folder = Path(folder)
    index = folder / 'bank.json'
    if not index.is_file():
        raise FileNotFoundError(
            f'{folder} holds no finished feature bank. Make one with mmnoisy.engine.build_feature_bank; where that was '
            'interrupted, the same call goes on.'
        )
    try:
        meta = json.loads(index.read_text())
        if meta['version'] != VERSION:
            raise ValueError(f'it is of version {meta["version"]}, and this is version {VERSION}')
        # Names come from a file: they must not lead out of the folder.
        for name in (meta['data'], meta['columns_file']):
            if not re.fullmatch(r'[a-z]+-[0-9a-f]{16}(\.npz)?', name):
                raise ValueError(f'{name!r} is no name of a part')
        data = folder / meta['data']
        paths = json.loads((data / 'names.json').read_text())
        features = np.load(data / 'features.npy', mmap_mode='r', allow_pickle=False)
        status = np.load(data / 'status.npy', allow_pickle=False)
        with np.load(folder / meta['columns_file'], allow_pickle=False) as content:
            columns = {name: content[name] for name in meta['columns']}
        lengths = {len(paths), features.shape[1], len(status), *map(len, columns.values())}
        if len(lengths) != 1:
            raise ValueError(f'its parts have {", ".join(map(str, sorted(lengths)))} rows')
        errors = {paths[int(row)]: reason for row, reason in meta['errors'].items()}
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f'The feature bank {folder} is damaged: {error}. Remove the folder and make it again.'
        ) from error
    return Bank(folder, features, paths, status == READ, errors, columns, meta['classes'], meta)


@DATASETS.register_module()
class FeatureBank(BatchedDataset):
    """The features of a bank as a data set: each vector is an image of D channels, so that it passes through everything
    that images do not have to be looked at for.

    ``img`` is (V, 1, D) float16; ``PackInputs`` makes (D, V, 1) of it, (D, 1, 1) for one view. Images that could not be
    read are left out, which is logged.

    Args:
        bank (str): Folder of the bank.
        label (str, optional): Column of the observed labels; the bank's first where None.
        clean_label (str, optional): Column of the true labels, for evaluation alone; ``'clean_label'`` where the bank
            has it, if None. '' for no true labels.
        views (int): How many of the bank's views, from the plain one on. Defaults to 1.
        rows (Sequence[int], optional): First row of the bank, the one after the last, and the step if it is not 1; all
            where None. Defaults to None.
        split (str, optional): Only the rows whose column ``split`` says so. Defaults to None.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No finished bank there.
        ValueError: The bank is damaged, or has no such column, split, view or rows.
    """

    def __init__(
        self,
        bank: str,
        label: Optional[str] = None,
        clean_label: Optional[str] = None,
        views: int = 1,
        rows: Optional[Sequence[int]] = None,
        split: Optional[str] = None,
        **kwargs,
    ):
        self.bank = read_bank(bank)
        self.views, self.split, self.rows = views, split, rows
        if not 1 <= views <= len(self.bank.features):
            raise ValueError(
                f'FeatureBank: {bank} has {len(self.bank.features)} views, so views={views} cannot be given.'
            )
        self.labels = self._column(label or next(iter(self.bank.columns), 'label'))
        if clean_label is None and 'clean_label' in self.bank.columns:
            clean_label = 'clean_label'
        self.clean_labels = self._column(clean_label) if clean_label else None
        if self.bank.classes:
            kwargs.setdefault('metainfo', dict(classes=tuple(self.bank.classes)))
        # Views of one bank share its pages; mmengine's packing of the annotations would take a second for nothing.
        kwargs.setdefault('serialize_data', False)
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img_path``, ``bank_row``, ``gt_label`` and, where known, ``clean_label``."""
        size = len(self.bank.paths)
        if self.rows and not 0 <= self.rows[0] < self.rows[1] <= size:
            raise ValueError(f'FeatureBank: rows must lie in 0..{size}, the first below the last, not {self.rows}.')
        chosen = np.zeros(size, dtype=bool)
        chosen[slice(*self.rows) if self.rows else slice(None)] = True
        if self.split is not None:
            splits = self._column('split')
            chosen &= splits == self.split
            if not chosen.any():
                raise ValueError(f'FeatureBank: no row is of the split {self.split!r}, but {sorted(set(splits))}.')
        left_out = int((chosen & ~self.bank.readable).sum())
        if left_out:
            print_log(
                f'FeatureBank: {left_out} of {chosen.sum()} images of {self.bank.folder} could not be read and are left '
                f'out, the first is {self.bank.paths[np.flatnonzero(chosen & ~self.bank.readable)[0]]}.',
                logger='current',
                level=logging.WARNING,
            )
        infos = []
        for row in np.flatnonzero(chosen & self.bank.readable).tolist():
            info = dict(img_path=self.bank.paths[row], bank_row=row, gt_label=int(self.labels[row]))
            if self.clean_labels is not None:
                info['clean_label'] = int(self.clean_labels[row])
            infos.append(info)
        return infos

    def get_data_info(self, idx: int) -> dict:
        """A sample's annotation and its ``img``, (V, 1, D) float16."""
        # As upstream's, whose deep copy of the plain values takes longer than all the rest.
        idx = range(len(self.data_list))[idx]
        info = dict(self.data_list[idx], sample_idx=idx)
        info['img'] = np.array(self.bank.features[: self.views, info['bank_row']])[:, None]
        return info

    def image_stack(self, rows: np.ndarray) -> np.ndarray:
        """The ``img`` of those samples in one array, (M, V, 1, D) float16: for :func:`stack_images`."""
        rows = np.array([self.data_list[row]['bank_row'] for row in rows.tolist()])
        return np.stack([np.asarray(view)[rows] for view in self.bank.features[: self.views]], 1)[:, :, None]

    def _column(self, name: str) -> np.ndarray:
        if name not in self.bank.columns:
            known = ', '.join(self.bank.columns) or 'none at all'
            raise ValueError(f'FeatureBank: {self.bank.folder} has no column {name!r}; it has {known}.')
        return self.bank.columns[name]
