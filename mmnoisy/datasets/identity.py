"""Which rows of a data set are the same image, and the check that per-sample state may go by ``sample_idx``."""

import os
from functools import cache
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

CONFLICTS = ('refuse', 'drop')


def first_rows(source, paths: Sequence[Optional[str]]) -> np.ndarray:
    """The first row of each row's image, int64 (N,): row i itself where no earlier row has the same image.

    An image is its path; one without a path is a row of the data set that holds it, below ``RepeatDataset``,
    ``ClassBalancedDataset``, ``ConcatDataset`` and :class:`mmnoisy.LabelNoise`. Data sets of one type with the same
    labels and the same first image are the same one.

    Args:
        source (Dataset): The data set.
        paths (Sequence[str | None]): (N,) ``img_path`` of each row.
    """
    if _plainly_written(paths):
        seen: Dict[str, int] = {}
        return np.fromiter(map(seen.setdefault, paths, range(len(paths))), np.int64, len(paths))
    first, known, bases = np.empty(len(paths), dtype=np.int64), {}, {}
    # Many files lie in few folders: abspath of each file takes four times as long.
    absolute = cache(os.path.abspath)
    for row, path in enumerate(paths):
        if path is None:
            base, inner = _origin(source, row)
            bases[id(base)] = base
            key = (id(base), inner)
        else:
            folder, file = os.path.split(path)
            key = (absolute(folder), file) if file not in ('', '.', '..') else os.path.split(os.path.abspath(path))
        first[row] = known.setdefault(key, row)
    return _merge_equal(source, first, list(bases.values())) if len(bases) > 1 else first


def _plainly_written(paths: Sequence[Optional[str]]) -> bool:
    """Whether two paths are of one file only where their texts are equal: all absolute or none, with nothing to resolve."""
    if os.sep != '/' or not all(type(path) is str for path in paths):
        return False
    text = '\0'.join(['', *paths, ''])
    unresolved = ('//', '/./', '/../', '\0./', '\0../', '/\0', '/.\0', '/..\0', '\0.\0', '\0..\0', '\0\0')
    return text.count('\0/') in (0, len(paths)) and not any(part in text for part in unresolved)


def merge_repeats(
    first: np.ndarray,
    labels: np.ndarray,
    clean: Optional[np.ndarray],
    name: Callable[[int], str],
    conflicts: str,
    classes: Optional[Sequence[str]] = None,
) -> np.ndarray:
    """Rows that stand for one image each, ascending.

    Args:
        first (np.ndarray): (N,) of :func:`first_rows`.
        labels (np.ndarray): (N,) observed labels.
        clean (np.ndarray, optional): (N,) true labels.
        name (Callable[[int], str]): What messages call a row's image.
        conflicts (str): ``'refuse'`` images whose rows have different labels, or ``'drop'`` them.
        classes (Sequence[str], optional): Names of the classes, for messages.

    Raises:
        ValueError: Such images, under ``'refuse'``; the message lists some.
    """
    other = labels != labels[first]
    if clean is not None:
        other |= clean != clean[first]
    images = np.flatnonzero(first == np.arange(len(first)))
    if not other.any():
        return images
    wrong = np.unique(first[other])
    if conflicts == 'drop':
        return np.setdiff1d(images, wrong)
    listed = []
    for image in wrong[:5]:
        found = labels[first == image]
        names = [str(classes[label] if classes else label) for label in np.unique(found)]
        listed.append(f'{name(image)} (labels {", ".join(names)}; {len(found)} rows)')
    raise ValueError(
        f'LabelNoise: {len(wrong)} images are listed more than once with different labels: {"; ".join(listed)}'
        f"{'; ...' if len(wrong) > 5 else ''}. Correct the list, or set conflicts='drop' to leave these images out."
    )


def check_sample_index(dataset, who: str) -> int:
    """N, after checking that row i of a training set has the ``sample_idx`` i and that no image has two rows.

    Everything that keeps something per sample calls this before training. :class:`mmnoisy.LabelNoise` gives such rows
    whatever is inside it.

    Args:
        dataset (Dataset): The training set.
        who (str): Name of the hook or loss, for messages.

    Raises:
        ValueError: Other rows; the message says how to build the data set instead.
    """
    size, name = len(dataset), type(dataset).__name__
    last = _info(dataset, size - 1).get('sample_idx')
    if last != size - 1:
        raise ValueError(
            f'{who} keeps something for each sample, but in the training set, a {name}, row {size - 1} has the sample_idx '
            f'{last}, so that samples would share it. Join data sets inside, LabelNoise(source=dict(type="ConcatDataset", '
            'datasets=[...]), pipeline=[...]), and train for more epochs instead of repeating.'
        )
    if not getattr(dataset, 'one_row_per_image', False):
        paths = [_info(dataset, row).get('img_path') for row in range(size)]
        repeated = np.flatnonzero(first_rows(dataset, paths) != np.arange(size))
        if len(repeated):
            raise ValueError(
                f'{who} keeps something for each image, but the training set, a {name}, has {len(repeated)} images more '
                f'than once, the first is {paths[repeated[0]] or f"row {repeated[0]}"}. Wrap it: '
                'LabelNoise(source=...) takes each image once.'
            )
    return size


def _info(dataset, row: int) -> dict:
    get = getattr(dataset, 'get_data_info', None)
    return get(row) if get else {}


def _origin(dataset, row: int) -> Tuple[object, int]:
    """The data set that holds a row, and the row there."""
    while True:
        if hasattr(dataset, 'one_row_per_image'):
            dataset, row = dataset.source, int(dataset.source_idx[row])
        elif hasattr(dataset, '_get_ori_dataset_idx'):
            place = dataset._get_ori_dataset_idx(row)
            dataset, row = (
                (dataset.datasets[place[0]], place[1]) if isinstance(place, tuple) else (dataset.dataset, place)
            )
        else:
            return dataset, row


def _merge_equal(source, first: np.ndarray, bases: List[object]) -> np.ndarray:
    """``first`` with the rows of equal data sets as one."""
    same = {}
    numbers = {id(base): same.setdefault(_fingerprint(base), number) for number, base in enumerate(bases)}
    if len(same) == len(bases):
        return first
    known, merged = {}, first.copy()
    for row in np.flatnonzero(first == np.arange(len(first))):
        base, inner = _origin(source, int(row))
        if id(base) in numbers:
            merged[row] = known.setdefault((numbers[id(base)], inner), row)
    return merged[first]


def _fingerprint(dataset) -> tuple:
    image = dataset.get_data_info(0).get('img')
    labels = dataset.get_gt_labels() if hasattr(dataset, 'get_gt_labels') else id(dataset)
    return type(dataset), np.asarray(labels).tobytes(), np.asarray(image).tobytes()
