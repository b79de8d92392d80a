"""Lists of images that commands write for themselves."""

import csv
from pathlib import Path
from typing import Any, Iterable

from ..datasets.own_data import OwnData
from ..files import replace_file


def write_list(path: Path, data: OwnData, rows: Iterable[int], split: Any = None) -> None:
    """A csv of some images with the names of their labels and, by option, their part of the data set.

    Args:
        path (Path): The file, replaced whole.
        data (OwnData): The images.
        rows (Iterable[int]): Which of them.
        split (np.ndarray | Sequence[str], optional): (N,) part of each.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path, newline='', encoding='utf-8', errors='surrogateescape') as file:
        writer = csv.writer(file)
        writer.writerow(('path', 'label') if split is None else ('path', 'label', 'split'))
        for r in rows:
            writer.writerow((data.paths[r], data.classes[data.labels[r]], *([] if split is None else [split[r]])))
