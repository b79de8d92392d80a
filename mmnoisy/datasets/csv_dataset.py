import csv
import os.path as osp
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS


@DATASETS.register_module()
class CSVDataset(BaseDataset):
    """Images listed in a CSV file with a header: ``path,label`` and, where the true labels are known, ``clean_label``.

    Labels are names of classes, or numbers from 0. ``clean_label`` serves evaluation alone.

    Args:
        ann_file (str): The CSV file, relative to ``data_root``.
        data_root (str): Folder. Defaults to ''.
        data_prefix (str): Folder of the images, relative to ``data_root``. Defaults to ''.
        classes (Sequence[str] | str, optional): Names in the order of their numbers; or a text file with one name a
            line; or another CSV file (relative to ``data_root``) whose labels name them, so that a test file agrees
            with the training file. None: the labels of ``ann_file``, sorted; with numbers, 0 to the largest.
        check_files (bool): Look whether each image is there. Switch it off for slow or remote storage.
            Defaults to True.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such CSV file or image; the message names the line.
        ValueError: A missing column or value, or an unknown class; the message names the line.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str = '',
        classes: Union[Sequence[str], str, None] = None,
        check_files: bool = True,
        **kwargs,
    ):
        self.check_files = check_files
        self.classes_file = osp.join(data_root, classes) if str(classes).endswith('.csv') else None
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=None if self.classes_file else classes,
            **kwargs,
        )

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``img_path``, ``gt_label`` and, if the file has it, ``clean_label``."""
        rows = read_csv(self.ann_file, ('path', 'label'))
        if self.CLASSES is None:
            named = read_csv(self.classes_file, ('label',)) if self.classes_file else rows
            self._metainfo['classes'] = find_classes(named)
        numbers = {str(name): number for number, name in enumerate(self.CLASSES)}
        columns = [column for column in ('label', 'clean_label') if column in rows[0][1]]
        data_list = []
        for line, row in rows:
            info = dict(img_path=osp.join(self.img_prefix or '', row['path']))
            if self.check_files and not osp.isfile(info['img_path']):
                raise FileNotFoundError(f'{self.ann_file}, line {line}: there is no image {info["img_path"]}.')
            for column in columns:
                info['gt_label' if column == 'label' else column] = self._number(row[column], numbers, column, line)
            data_list.append(info)
        return data_list

    def _number(self, label: Optional[str], numbers: Dict[str, int], column: str, line: int) -> int:
        if label in numbers:
            return numbers[label]
        if label is not None and label.isdecimal() and int(label) < len(numbers):
            return int(label)
        names = ', '.join(list(numbers)[:20]) + (', ...' if len(numbers) > 20 else '')
        raise ValueError(
            f'{self.ann_file}, line {line}: {column} {label!r} is none of the {len(numbers)} classes ({names}).'
        )


def read_csv(path: str, required: Sequence[str]) -> List[Tuple[int, Dict[str, str]]]:
    """Rows of a CSV file, each with the number of its line.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A required column is missing or empty in a row, or there are no rows.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'CSV file {path} does not exist.')
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        # Cells beyond the header have the name None.
        rows = [
            (reader.line_num, {name: value and value.strip() for name, value in row.items() if name}) for row in reader
        ]
    missing = [name for name in required if name not in header]
    if missing:
        raise ValueError(f'{path}, line 1: the header {",".join(header)!r} has no column {", ".join(missing)}.')
    for line, row in rows:
        for name in required:
            if not row[name]:
                raise ValueError(f'{path}, line {line}: the column {name} is empty.')
    if not rows:
        raise ValueError(f'{path} has no rows.')
    return rows


def find_classes(rows: List[Tuple[int, Dict[str, str]]]) -> tuple:
    """Names of the classes in ``label`` and ``clean_label``: sorted, or '0'..'K-1' where all are numbers."""
    labels = {row[column] for _, row in rows for column in ('label', 'clean_label') if row.get(column)}
    if all(label.isdecimal() for label in labels):
        return tuple(str(number) for number in range(max(map(int, labels)) + 1))
    return tuple(sorted(labels))
