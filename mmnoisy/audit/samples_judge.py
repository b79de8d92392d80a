"""A ``samples.csv`` of an earlier run, or an earlier audit's ``issues.csv``, as a judge."""

from pathlib import Path
from typing import Sequence

import numpy as np

from ..datasets.label_file import checksum
from ..datasets.samples_file import read_checksum, read_rows
from .judges import Judge, judge_by_scores


def judge_by_samples_file(path, labels: np.ndarray, classes: Sequence[str], rows: np.ndarray) -> Judge:
    """What an earlier run says of some rows of a data set; rows that it does not name are not judged.

    Args:
        path (str | Path): The file. The judge is called like its folder.
        labels (np.ndarray): (N,) given labels of the whole data set.
        classes (Sequence[str]): K names.
        rows (np.ndarray): (M,) the rows that are judged.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a samples.csv, or one of other data or labels.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'The judge {path} does not exist.')
    found = read_checksum(path)
    if found is not None and found != checksum(labels):
        raise ValueError(f'{path} was made for another data set or other labels: it cannot judge this one.')
    score, is_issue = np.full(len(labels), np.nan), np.zeros(len(labels), dtype=bool)
    suggested = np.full(len(labels), -1)
    for row in read_rows(path):
        index = row['source_idx']
        if not 0 <= index < len(labels) or row['given_index'] != labels[index]:
            raise ValueError(
                f'{path}: source_idx {index} is not in this data set with the label {row["given_label"]!r}.'
            )
        score[index], is_issue[index] = row['score'], bool(row['is_issue'])
        suggested[index] = -1 if row['suggested_index'] is None else row['suggested_index']
    if suggested.max() >= len(classes):
        raise ValueError(f'{path} suggests the class {suggested.max()}, but there are {len(classes)} classes.')
    return judge_by_scores(path.resolve().parent.name, labels[rows], score[rows], is_issue[rows], suggested[rows])
