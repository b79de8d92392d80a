"""``samples.csv``: the one file in which every method says what it thinks of each sample, written and read here."""

import csv
import json
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional, Sequence, Tuple

import numpy as np

from ..files import replace_file, write_text
from .label_file import checksum as labels_checksum
from .label_formats import read_meta
from .samples_reader import SamplesReader

if TYPE_CHECKING:
    # To read a file needs no torch.
    from torch import Tensor


def write_samples_csv(path, dataset, score: 'Tensor', is_issue: 'Tensor', suggested: Optional['Tensor'] = None) -> None:
    """Write the judged samples of a data set, and the checksum and classes of the data set to ``<path>.meta.json``.

    The columns are ``source_idx``, ``path`` (only of data sets with image files), ``given_label`` and ``suggested_label``
    (names of classes, or numbers where they have none; empty without a suggestion), ``given_index`` and
    ``suggested_index`` (numbers), ``score`` in [0, 1], low = suspicious, ``is_issue`` (0 or 1), and ``clean_label`` and
    ``clean_index`` (only where the true labels are known).

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
    classes = _classes(dataset)
    given, clean = given_labels(dataset), getattr(dataset, 'clean_labels', None)
    # To read a file needs no torch, to write one does.
    from .source import image_paths

    suggested = np.full(len(score), '', dtype=object) if suggested is None else suggested.numpy()
    columns = dict(
        source_idx=source_indices(dataset),
        path=image_paths(dataset),
        given_label=class_names(given, classes),
        suggested_label=class_names(suggested, classes),
        given_index=given,
        suggested_index=suggested,
        score=[f'{value:.9g}' for value in score.tolist()],
        is_issue=is_issue.astype(int),
        clean_label=None if clean is None else class_names(clean, classes),
        clean_index=clean,
    )
    # Lists of plain numbers: those of numpy take several times as long to write.
    lists = {
        name: values.tolist() if isinstance(values, np.ndarray) else values
        for name, values in columns.items()
        if values is not None
    }
    rows = zip(*lists.values())
    meta = dict(checksum=dataset_checksum(dataset), classes=classes)
    write_rows(path, list(lists), rows if judged.all() else compress(rows, judged.tolist()), meta)


def class_names(numbers, classes: Optional[Sequence[str]]) -> list:
    """Names of the classes of (N,) numbers; a number without a name, such as the extra one of threshold samples, stays."""
    numbers = np.asarray(numbers)
    values = numbers.tolist()
    if not classes or numbers.dtype.kind not in 'iu':
        return values
    named = [*classes, *range(len(classes), max(values, default=0) + 1)]
    return [named[n] if n >= 0 else n for n in values]


def write_rows(path, fields, rows, meta: dict) -> None:
    """Write a csv file and its companion ``<path>.meta.json``."""
    # Before the file takes its name: a samples.csv without it would pass for any data set's.
    write_text(meta_path(path), json.dumps(meta))
    write_table(path, fields, rows)


def write_table(path, fields, rows) -> None:
    """Write a csv file, beside and then renamed; names of files that are no text keep their bytes."""
    path = Path(path)
    with replace_file(path, newline='', encoding='utf-8', errors='surrogateescape') as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        writer.writerows(rows)


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
    return getattr(dataset, 'checksum', None) or labels_checksum(dataset.get_gt_labels())


def _classes(dataset) -> Optional[list]:
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    return [str(name) for name in classes] if classes else None


def read_samples(
    path, rows: np.ndarray, labels: np.ndarray, checksum: str, option: str
) -> Tuple[np.ndarray, np.ndarray]:
    """What a ``samples.csv`` says of the samples of a data set.

    Args:
        path (str | Path): Written by a run that scored the samples (see :class:`mmnoisy.engine.SampleRecordHook`), or
            by a stage that merged several.
        rows (np.ndarray): (N,) ``source_idx`` of the data set.
        labels (np.ndarray): (N,) its observed labels.
        checksum (str): Fingerprint of the source (:func:`mmnoisy.datasets.label_file.checksum`).
        option (str): What the user set, for error messages, such as ``'LabelNoise: keep'``.

    Returns:
        tuple[np.ndarray, np.ndarray]: ``score`` (N,), NaN where the file has none, and ``is_issue`` (N,) bool.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a samples.csv, of another data set, of other labels, or one that does not judge every row.
    """
    path = Path(path)
    name = f'{option}={str(path)!r}'
    if not path.is_file():
        raise FileNotFoundError(f'{name} does not exist.')
    found = read_checksum(path)
    if found is not None and found != checksum:
        raise ValueError(
            f'{name} was made for another data set or split: its checksum is {found[:15]}..., that of this '
            f'data set {checksum[:15]}...'
        )
    source_idx, given, is_issue, score = _columns(SamplesReader(path, name))
    order = np.argsort(source_idx, kind='stable')
    if (np.diff(source_idx[order]) == 0).any():
        raise ValueError(f'{name} names a source_idx twice.')
    missing = rows[~np.isin(rows, source_idx)]
    if len(missing):
        raise ValueError(
            f'{name} does not judge {len(missing)} of the {len(rows)} rows, the first is source_idx '
            f'{missing[0]}. Score the samples with the same seed and holdout; where threshold samples are '
            'used, merge runs with disjoint sets of them.'
        )
    chosen = order[np.searchsorted(source_idx[order], rows)]
    other = np.flatnonzero(given[chosen] != labels)
    if len(other):
        raise ValueError(
            f'{name} was made with other labels: source_idx {rows[other[0]]} has the given_label '
            f'{given[chosen][other[0]]} there ({len(other)} such rows). Use the same noise and seed.'
        )
    return score[chosen], is_issue[chosen] != 0


def _columns(reader: SamplesReader) -> Iterator[np.ndarray]:
    """``source_idx``, ``given_index``, ``is_issue`` and ``score`` of all rows, (N,) each."""
    types = dict(source_idx=np.int64, given_index=np.int64, is_issue=np.int64, score=np.float64)
    parts = [[np.array(block.numbers[name], dtype) for name, dtype in types.items()] for block in reader.blocks()]
    empty = [np.empty(0, dtype) for dtype in types.values()]
    return (np.concatenate(column) for column in zip(empty, *parts))


def read_rows(path, name: Optional[str] = None) -> Iterator[dict]:
    """The rows of a ``samples.csv`` as written, with an integer ``source_idx`` and ``is_issue``, a float ``score`` (NaN where
    empty), and the numbers of the classes in ``given_index``, ``suggested_index`` and, where there is a ``clean_label``,
    ``clean_index`` (None where empty).

    Files of earlier versions have these numbers as ``given_label`` and so on.

    Args:
        path (str | Path): The file.
        name (str, optional): What messages call it; the path where None.

    Raises:
        ValueError: Not a samples.csv, or a line with something else than numbers; the message names it.
    """
    reader = SamplesReader(path, name)
    for block in reader.blocks():
        keys, columns = [*reader.fields, *block.numbers], block.numbers.values()
        for cells, *numbers in zip(block.rows, *columns):
            yield dict(zip(keys, [*cells, *numbers]))


def read_checksum(path) -> Optional[str]:
    """Checksum of the data set that a ``samples.csv`` was made for; None where nothing says so."""
    return read_meta(path).get('checksum')


def meta_path(path) -> Path:
    """Companion of a samples.csv."""
    path = Path(path)
    return path.with_name(path.name + '.meta.json')
