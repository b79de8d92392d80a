"""The classes of a run: which they are, and the number of each label in them."""

import logging
from typing import List, Sequence, Tuple

import numpy as np

from .labels import NUMBER, Labels, read_all, read_label, short_repr

#: What to do about a label without a name.
MISSING_CLASS = (
    'If it is a class too, the setting `classes` of the data set has too few names: add it there, in its place.'
)


def find_classes(*columns: Labels) -> Tuple[str, ...]:
    """Names of the classes of all columns: sorted names, or '0' to the largest number.

    Numbers 1..K, each of which occurs, become the names '1'..'K' of the classes 0..K-1, and a warning says so.

    Raises:
        ValueError: A bad label, numbers beside names, or numbers that do not count from 0.
    """
    read = [read_all(column) for column in columns]
    for column, values in zip(columns[1:], read[1:]):
        if isinstance(values, list) != isinstance(read[0], list):
            raise ValueError(
                f'{column.where(0)} {short_repr(column.values[0])} is {_kind(values)}, but {short_repr(columns[0].values[0])} is '
                f'{_kind(read[0])}: use names in both columns or numbers in both, or list all names in classes=.'
            )
    if isinstance(read[0], list):
        return tuple(sorted(set().union(*read)))
    numbers = np.unique(np.concatenate(read))
    if numbers[0] == 1 and len(numbers) == numbers[-1] > 1:
        from mmengine.logging import print_log

        print_log(
            f'{columns[0].where(0).rpartition(",")[0] or "Labels"}: the labels are the numbers 1..{numbers[-1]}. They '
            f"are taken for names: the class called '1' has the number 0, and so on.",
            logger='current',
            level=logging.WARNING,
        )
        return tuple(map(str, numbers))
    return tuple(map(str, range(count_classes(numbers, columns[0].where(0)))))


def count_classes(numbers: np.ndarray, where: str) -> int:
    """K where nothing but the numbers says it: the largest plus 1.

    Args:
        numbers (np.ndarray): (N,) int64, N >= 1.
        where (str): Beginning of messages.

    Raises:
        ValueError: They do not count from 0, or most of the numbers up to the largest do not occur.
    """
    found, largest = np.unique(numbers), int(numbers.max())
    if found[0] > 0:
        raise ValueError(
            f'{where} {found[0]} is the smallest, but the numbers of classes count from 0. Where class 0 has no sample '
            'here, or numbers are names, list the classes in classes=.'
        )
    if largest + 1 - len(found) > max(100, len(found)):
        raise ValueError(
            f'{where} takes {len(found)} values up to {largest}: that would be {largest + 1} classes, most of them without '
            'a sample. Where the numbers are names, list them in classes=.'
        )
    return largest + 1


def encode(classes: Sequence[str], *columns: Labels) -> List[np.ndarray]:
    """Numbers of the labels of all columns in one list of classes, int64 (N,) each.

    Either every label is a name in ``classes``, or every label is a number in 0..K-1. Where classes are called like the
    numbers of others (see :func:`numbers_are_names`), a number is a name.

    Raises:
        ValueError: A label that is neither; the message says where and lists the classes.
    """
    check_classes(classes)
    by_name = {str(name): number for number, name in enumerate(classes)}
    limit = 0 if numbers_are_names(classes) else len(classes)
    named = [_encode(column, lambda value: _by_name(value, by_name)) for column in columns]
    if all((numbers >= 0).all() for numbers in named):
        return named
    numbered = [_encode(column, lambda value: _by_number(value, limit)) for column in columns]
    if all((numbers >= 0).all() for numbers in numbered):
        return numbered
    # First what is neither, then names beside numbers.
    for wrong in (lambda name, number: (name < 0) & (number < 0), lambda name, number: name < 0):
        for column, name, number in zip(columns, named, numbered):
            rows = np.flatnonzero(wrong(name, number))
            if len(rows):
                raise ValueError(_unknown(column, int(rows[0]), classes))
    raise AssertionError('some label has no number')


def check_classes(classes: Sequence[str]) -> None:
    """Refuse a list of classes that is empty or names one twice.

    Raises:
        ValueError: Such a list.
    """
    if not len(classes):
        raise ValueError('classes is empty: list the names of the classes in the order of their numbers.')
    seen = set()
    for name in map(str, classes):
        if name in seen:
            raise ValueError(f'classes names {name!r} twice.')
        seen.add(name)


def numbers_are_names(classes: Sequence[str]) -> bool:
    """Whether a class is called like the number of another one ('1'..'4', or '0', '1', '10', '2' sorted as text)."""
    return any(NUMBER.fullmatch(str(name)) and str(name) != str(number) for number, name in enumerate(classes))


def _encode(column: Labels, read) -> np.ndarray:
    """Numbers of all labels, -1 where there is none; each distinct label is read once."""
    known, numbers = {}, np.empty(len(column.values), dtype=np.int64)
    for row, value in enumerate(column.values):
        key = (type(value), value) if value.__hash__ else (str, repr(value))
        if key not in known:
            known[key] = read(value)
        numbers[row] = known[key]
    return numbers


def _by_name(value, by_name: dict) -> int:
    text = str(value).strip()
    match = NUMBER.fullmatch(text)
    return by_name.get(text, by_name.get(match.group(1), -1) if match else -1)


def _by_number(value, limit: int) -> int:
    try:
        label = read_label(value)
    except ValueError:
        return -1
    return label if isinstance(label, int) and label < limit else -1


def _unknown(column: Labels, row: int, classes: Sequence[str]) -> str:
    value = column.values[row]
    if value is None or value == '':
        return f'{column.where(row)} is empty.'
    names = ', '.join(map(str, classes[:20])) + (', ...' if len(classes) > 20 else '')
    return (
        f'{column.where(row)} {short_repr(value)} is none of the {len(classes)} classes ({names}). All labels must be '
        f'names of classes, or all must be numbers from 0. {MISSING_CLASS}'
    )


def _kind(values) -> str:
    return 'a name' if isinstance(values, list) else 'a number'
