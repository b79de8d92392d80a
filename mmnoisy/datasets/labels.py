"""The one reader of labels: of tables, label files, lists of trusted samples and data sets.

A label is a number from 0, or a name. A file holds the ones or the others, never both: ``3``, ``3.0`` and the text
``'3'`` are the number 3, which is what pandas makes of a column of integers with a gap. Text that only looks like a
number (``-1``, ``1.5``, ``1_000``, ``nan``, digits of another script) is refused, unless ``classes`` lists it as a name.
"""

import re
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Union

import numpy as np

#: The largest number that is taken for one of a class; years, dates and identifiers are above it.
MAX_NUMBER = 99_999
#: The same for rows of a data set.
MAX_ROWS = 2**40
#: What every part says that meets several labels an image.
ONE_LABEL = 'mmnoisy trains with one label an image (docs/segmentation.md, "Several labels an image").'
NUMBER = re.compile(r'([0-9]+)(\.0*)?', re.ASCII)


class Labels(NamedTuple):
    """A column of labels as it was found.

    Args:
        values (Sequence): (N,) text, numbers, or an array.
        where (Callable[[int], str]): Beginning of a message about a row, such as ``'train.csv, line 7: label'``.
    """

    values: Sequence
    where: Callable[[int], str]


def read_label(value: Any, largest: int = MAX_NUMBER) -> Union[int, str]:
    """One label: a number in 0..largest, or a name.

    Raises:
        ValueError: Neither; the message begins with the label.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError('is empty.')
    shown = short_repr(value)
    if isinstance(value, (bool, np.bool_)):
        raise ValueError(f'{shown} is neither the number nor the name of a class.')
    if isinstance(value, (list, tuple, set, np.ndarray)):
        raise ValueError(f'{shown} is a list of labels: {ONE_LABEL}')
    if isinstance(value, (int, np.integer)):
        return _in_range(int(value), shown, largest)
    if isinstance(value, (float, np.floating)):
        if not float(value).is_integer():
            raise ValueError(f'{shown} is not a whole number from 0.')
        return _in_range(int(value), shown, largest)
    if not isinstance(value, str):
        raise ValueError(f'{shown} is neither the number nor the name of a class.')
    return _read_text(value.strip(), shown, largest)


def read_all(labels: Labels, largest: int = MAX_NUMBER) -> Union[np.ndarray, List[str]]:
    """Numbers, int64 (N,), or N names.

    Raises:
        ValueError: A bad label, or numbers beside names; the message says where.
    """
    values = labels.values
    if isinstance(values, np.ndarray):
        if values.dtype.kind not in 'iufUO':
            raise ValueError(f'{labels.where(0)}: labels must be whole numbers or names, not {values.dtype}'
                             f'{" (True, False)" if values.dtype.kind == "b" else ""}.')  # fmt: skip
        values = values.tolist()
    known: Dict[tuple, Union[int, str]] = {}
    read: Any = []
    for row, value in enumerate(values):
        key = (type(value), value)
        try:
            label = known.get(key)
        except TypeError:  # A list or a dict, which read_label refuses.
            label = None
        if label is None:
            try:
                label = known[key] = read_label(value, largest)
            except ValueError as error:
                raise ValueError(f'{labels.where(row)} {error}') from None
            if isinstance(label, str) != isinstance(read[0] if read else label, str):
                kinds = ('a number', 'a name') if isinstance(label, int) else ('a name', 'a number')
                raise ValueError(
                    f'{labels.where(row)} {short_repr(value)} is {kinds[0]}, but {short_repr(values[0])} before it is '
                    f'{kinds[1]}: label all with names or all with numbers, or list all names in classes=.'
                )
        read.append(label)
    return read if read and isinstance(read[0], str) else np.array(read, dtype=np.int64)


def read_numbers(labels: Labels, limit: int, largest: int = MAX_NUMBER, outside: str = '') -> np.ndarray:
    """Numbers in 0..limit-1, int64 (N,).

    Args:
        labels (Labels): What is read.
        limit (int): Numbers are below it.
        largest (int): See :func:`read_label`.
        outside (str): What to do about a number that is not, a sentence.

    Raises:
        ValueError: Something else; the message says where.
    """
    numbers = read_all(labels, largest)
    if isinstance(numbers, list):
        raise ValueError(f'{labels.where(0)} {short_repr(labels.values[0])} is not an integer in 0..{limit - 1}.')
    wrong = np.flatnonzero(numbers >= limit)
    if len(wrong):
        one_based = numbers.min() == 1 and numbers.max() == limit
        raise ValueError(
            f'{labels.where(wrong[0])} {numbers[wrong[0]]} is outside 0..{limit - 1} ({len(wrong)} such rows)'
            f'{"; count from 0, not from 1." if one_based else "."}{f" {outside}" if outside else ""}'
        )
    return numbers


def _read_text(text: str, shown: str, largest: int) -> Union[int, str]:
    match = NUMBER.fullmatch(text)
    if match:
        digits = match.group(1).lstrip('0')
        return _in_range(int(digits or 0) if len(digits) < 20 else largest + 1, shown, largest)
    if re.fullmatch(r'-[0-9]+(\.0*)?', text, re.ASCII):
        raise ValueError(f'{shown} is negative; numbers of classes count from 0.')
    if any(letter.isnumeric() and not letter.isascii() for letter in text) and text.isnumeric():
        raise ValueError(f'{shown} is a number in other digits: write it with the digits 0-9.')
    try:
        float(text.replace(',', '.'))
    except ValueError:
        return text
    raise ValueError(
        f'{shown} looks like a number, but is not a whole number from 0 in plain digits. If it is a name, list all names '
        'in classes=.'
    )


def _in_range(number: int, shown: str, largest: int) -> int:
    if number < 0:
        raise ValueError(f'{shown} is negative; numbers of classes count from 0.')
    if number > largest:
        raise ValueError(
            f'{shown} is too large for the number of a class (at most {largest}). If it is a name, list all names in '
            'classes=.'
            if largest == MAX_NUMBER
            else f'{shown} is too large.'
        )
    return number


def short_repr(value: Any) -> str:
    """A value as messages show it, at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of more than 4,300 digits.
        text = f'a number of {value.bit_length()} bits'
    return text if len(text) <= 60 else f'{text[:28]}...{text[-28:]}'
