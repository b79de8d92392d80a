from pathlib import Path
from typing import Sequence

import numpy as np

from ..datasets.samples_file import read_checksum, read_meta, read_rows, write_rows
from .noise_detection import detection_scores, selection_scores


def merge_samples_csv(paths: Sequence, path) -> dict:
    """Merge the ``samples.csv`` of several runs on the same data into one.

    A sample is flagged if every run that judged it flags it, as in `AUM <https://arxiv.org/abs/2001.10528>`_, where
    threshold samples are not judged. Its score is the mean; its suggested label that of the first such run.

    Args:
        paths (Sequence[str | Path]): The files.
        path (str | Path): Where the result goes.

    Returns:
        dict: Detection and selection scores of the result; {} where true labels are unknown.

    Raises:
        ValueError: The files are of different data or labels.
    """
    checksum = _common_checksum(paths)
    merged = {}
    for one in paths:
        for row in read_rows(one):
            known = merged.setdefault(row['source_idx'], [])
            if known and known[0]['given_index'] != row['given_index']:
                raise ValueError(
                    f'{one}: source_idx {row["source_idx"]} has the given_label {row["given_label"]}, in an earlier '
                    f'file {known[0]["given_label"]}. Use the same noise and seed.'
                )
            known.append(row)
    if not merged:
        raise ValueError(f'No rows in {", ".join(map(str, paths))}.')
    rows = [_merge(merged[index]) for index in sorted(merged)]
    write_rows(path, list(rows[0]), (row.values() for row in rows), dict(read_meta(paths[0]), checksum=checksum))
    if 'clean_index' not in rows[0]:
        return {}
    is_wrong = np.array([row['given_index'] != row['clean_index'] for row in rows])
    is_issue = np.array([bool(row['is_issue']) for row in rows])
    score = np.array([float(row['score']) for row in rows])
    return dict(detection_scores(score, is_issue, is_wrong), **selection_scores(~is_issue, is_wrong))


def _merge(rows: Sequence[dict]) -> dict:
    score = sum(row['score'] for row in rows) / len(rows)
    return dict(rows[0], score=f'{score:.9g}', is_issue=min(row['is_issue'] for row in rows))


def _common_checksum(paths) -> str:
    found = {}
    for path in paths:
        if not Path(path).is_file():
            raise ValueError(f'{path} does not exist: did its run score samples?')
        found[read_checksum(path)] = path
    if len(found) != 1:
        raise ValueError(f'{" and ".join(map(str, found.values()))} were made for different data sets.')
    return next(iter(found))
