import logging
import os.path as osp
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Union

from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .labels import Labels
from .listed_files import check_images, read_paths
from .tables import Table, filled, pick_column, read_table
from .vocabulary import check_classes, encode, find_classes

ROLES = ('path', 'label', 'clean_label', 'split')


@DATASETS.register_module()
class CSVDataset(BaseDataset):
    """Images listed in a table with a header: a path, a label and, where they are known, a ``clean_label``.

    The table is a csv or tsv file (the separator and UTF-16 with a byte order mark are recognised), JSON lines or
    parquet. Usual names of the columns are recognised in upper and lower case, such as ``Path,Label`` and
    ``image,class``. Labels are names of classes, or numbers from 0, see :mod:`mmnoisy.datasets.labels`.
    ``clean_label`` serves evaluation alone. A column ``weight`` becomes the ``sample_weight`` of the loss where the pipeline
    packs it: ``dict(type='PackInputs', algorithm_keys=('sample_weight',))``.

    Args:
        ann_file (str): The table, relative to ``data_root``.
        data_root (str): Folder. Defaults to ''.
        data_prefix (str): Folder of the images, relative to ``data_root``. Defaults to ''.
        classes (Sequence[str] | str, optional): Names in the order of their numbers; or a text file with one name a
            line; or another table (``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``, relative to ``data_root``) whose labels
            name them, so that a test file agrees with the training file. None: the labels of ``ann_file``, sorted; with
            numbers, 0 to the largest.
        check_files (bool): Look whether each image is there. Switch it off for slow or remote storage.
            Defaults to True.
        columns (dict, optional): Names of the columns by role: ``dict(path='image', label='class')``, also
            ``clean_label`` and ``split``. None: recognised.
        sep (str, optional): Separator of a csv. None: recognised.
        encoding (str, optional): Of a text file. None: UTF-8, or what its byte order mark says.
        split (str, optional): Take only the rows with this value in the column ``split``.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such table or image; the message names the line.
        ValueError: A missing column or value, or an unknown class; the message names the line and the option.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str = '',
        classes: Union[Sequence[str], str, None] = None,
        check_files: bool = True,
        columns: Optional[Dict[str, str]] = None,
        sep: Optional[str] = None,
        encoding: Optional[str] = None,
        split: Optional[str] = None,
        **kwargs,
    ):
        self.check_files, self.split = check_files, split
        self.columns = _check_columns(columns)
        self.read = dict(sep=sep, encoding=encoding)
        tables = ('.csv', '.tsv', '.jsonl', '.parquet')
        self.classes_file = osp.join(data_root, str(classes)) if str(classes).endswith(tables) else None
        if isinstance(classes, str) and not self.classes_file and not osp.isfile(classes):
            raise FileNotFoundError(f'CSVDataset: the file of classes {classes} does not exist.')
        if classes is not None and not isinstance(classes, str):
            check_classes(classes)
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=None if self.classes_file else classes,
            **kwargs,
        )

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img_path``, ``gt_label`` and, if the file has them, ``clean_label`` and ``sample_weight``."""
        table = read_table(self.ann_file, **self.read)
        columns = self._label_columns(table)
        paths = read_paths(table, self._pick(table, 'path'))
        if self.CLASSES is None:
            named = self._label_columns(read_table(self.classes_file, **self.read)) if self.classes_file else columns
            self._metainfo['classes'] = find_classes(*named.values())
        encoded = encode(self.CLASSES, *columns.values())
        keys = ['gt_label' if role == 'label' else role for role in columns]
        data_list: List[Dict[str, Any]] = [
            dict(img_path=osp.join(self.img_prefix or '', path), **dict(zip(keys, map(int, labels))))
            for path, *labels in zip(paths, *encoded)
        ]
        for info, weight in zip(data_list, read_weights(table)):
            info['sample_weight'] = weight
        rows = self._rows(table)
        if self.check_files:
            check_images(table, [data_list[row]['img_path'] for row in rows], rows)
        self._warn_of_conflicts(data_list)
        return [data_list[row] for row in rows]

    def _pick(self, table: Table, role: str, required: bool = True) -> Optional[str]:
        return pick_column(table, role, self.columns.get(role), required)

    def _label_columns(self, table: Table) -> Dict[str, Labels]:
        found = {role: self._pick(table, role, role == 'label') for role in ('label', 'clean_label')}
        return {
            role: Labels(filled(table, name), partial(table.where, column=name))
            for role, name in found.items()
            if name is not None
        }

    def _rows(self, table: Table) -> List[int]:
        if self.split is None:
            return list(range(len(table.lines)))
        cells = table.columns[self._pick(table, 'split')]
        rows = [row for row, cell in enumerate(cells) if cell == self.split]
        if not rows:
            found = ', '.join(map(str, sorted(set(map(str, cells)))[:10]))
            raise ValueError(f'{table.name}: no row has the split {self.split!r}; found: {found}.')
        return rows

    def _warn_of_conflicts(self, data_list: List[dict]) -> None:
        """LabelNoise refuses these; a test set is read without it."""
        labels, conflicts = {}, set()
        for info in data_list:
            if labels.setdefault(osp.abspath(info['img_path']), info['gt_label']) != info['gt_label']:
                conflicts.add(info['img_path'])
        if conflicts:
            print_log(
                f'{self.ann_file} lists {len(conflicts)} files with more than one label, such as {min(conflicts)}.',
                logger='current',
                level=logging.WARNING,
            )


def read_weights(table: Table) -> List[float]:
    """The column ``weight`` of a table; [] where it has none.

    Raises:
        ValueError: A value that is no number of at least 0; the message names the line.
    """
    if 'weight' not in table.columns:
        return []
    weights = []
    for row, cell in enumerate(table.columns['weight']):
        try:
            weights.append(float(cell))
        except (TypeError, ValueError):
            weights.append(-1.0)
        if not 0 <= weights[-1] < float('inf'):
            raise ValueError(f'{table.where(row, "weight")}: a weight must be a number of at least 0, not {cell!r}.')
    return weights


def _check_columns(columns) -> dict:
    if columns is None:
        return {}
    if not isinstance(columns, dict):
        raise ValueError(
            f"CSVDataset: columns must be a dict such as dict(path='image', label='class'), not {columns!r}."
        )
    for role in columns:
        if role not in ROLES:
            raise ValueError(f'CSVDataset: columns: {role!r} is no role; the roles are {", ".join(ROLES)}.')
    names = list(columns.values())
    for name in names:
        if names.count(name) > 1:
            roles = [role for role in columns if columns[role] == name]
            raise ValueError(f'CSVDataset: columns: {name!r} cannot be {" and ".join(roles)} at once.')
    return dict(columns)
