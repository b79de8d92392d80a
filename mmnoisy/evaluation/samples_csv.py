"""``samples.csv``: the one file in which every method says what it thinks of each sample."""

import csv
import json
from typing import Optional

import numpy as np
from torch import Tensor

from ..datasets.label_file import checksum
from ..datasets.samples_file import meta_path
from ..files import replace_file, write_text

FIELDS = ('source_idx', 'path', 'given_label', 'suggested_label', 'score', 'is_issue', 'clean_label')


def write_samples_csv(path, dataset, score: Tensor, is_issue: Tensor, suggested: Optional[Tensor] = None) -> None:
    """Write the judged samples of a data set, and the checksum of the data set to ``<path>.meta.json``.

    The columns are ``source_idx``, ``path`` (only of data sets with image files), ``given_label``, ``suggested_label``
    (empty without a suggestion), ``score`` in [0, 1], low = suspicious, ``is_issue`` (0 or 1) and ``clean_label`` (only where
    the true labels are known).

    Args:
        path (str | Path): The file. It is replaced at once, never left half written.
        dataset: The training set.
        score (Tensor): (N,); samples with NaN were not judged and are left out.
        is_issue (Tensor): (N,), bool.
        suggested (Tensor, optional): (N,), integers.

    Raises:
        ValueError: A score outside [0, 1].
    """
    score, is_issue = score.double().numpy(), is_issue.numpy().astype(bool)
    judged = ~np.isnan(score)
    if (judged & ((score < 0) | (score > 1))).any():
        raise ValueError(f'{path}: scores must be in [0, 1], not in [{np.nanmin(score)}, {np.nanmax(score)}].')
    columns = dict(
        source_idx=source_indices(dataset),
        path=_paths(dataset),
        given_label=given_labels(dataset),
        suggested_label=[''] * len(score) if suggested is None else suggested.numpy(),
        score=[f'{value:.9g}' for value in score],
        is_issue=is_issue.astype(int),
        clean_label=getattr(dataset, 'clean_labels', None),
    )
    columns = {name: values for name, values in columns.items() if values is not None}
    rows = (row for row, keep in zip(zip(*columns.values()), judged) if keep)
    write_rows(path, list(columns), rows, dict(checksum=dataset_checksum(dataset)))


def write_rows(path, fields, rows, meta: dict) -> None:
    """Write a csv file and its companion ``<path>.meta.json``."""
    with replace_file(path, newline='') as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        writer.writerows(rows)
        # Before the file takes its name: a samples.csv without it would pass for any data set's.
        write_text(meta_path(path), json.dumps(meta))


def source_indices(dataset) -> np.ndarray:
    """(N,) rows in the source; the data set's own rows where it has no source."""
    rows = getattr(dataset, 'source_idx', None)
    return np.arange(len(dataset)) if rows is None else np.asarray(rows)


def given_labels(dataset) -> np.ndarray:
    """(N,) observed labels, also of threshold samples, which train with another one."""
    labels = getattr(dataset, 'given_labels', None)
    return np.asarray(dataset.get_gt_labels() if labels is None else labels)


def dataset_checksum(dataset) -> str:
    """Fingerprint of the source's labels: a csv of another data set is told by it."""
    return getattr(dataset, 'checksum', None) or checksum(dataset.get_gt_labels())


def _paths(dataset) -> Optional[list]:
    if 'img_path' not in dataset.get_data_info(0):
        return None
    return [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
