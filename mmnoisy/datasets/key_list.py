"""Reading of the plain text lists that real-world noisy data sets come with."""

from pathlib import Path
from typing import Dict, List, Tuple

from .labels import read_label
from .text_file import check_file, read_text


def read_lines(path) -> List[str]:
    """Lines that are not empty.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file has no lines.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist. Set data_root to the folder of the data set.')
    check_file(path)
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not lines:
        raise ValueError(f'{path} is empty.')
    return lines


def read_pairs(path) -> List[Tuple[str, int]]:
    """Lines of ``file label``.

    Raises:
        ValueError: A line that is not a file and a number; the message names it.
    """
    pairs = []
    for line in read_lines(path):
        name, _, label = line.rpartition(' ')
        try:
            number = read_label(label)
        except ValueError:
            number = None
        if not name or not isinstance(number, int):
            raise ValueError(f'{path}: the line {line!r} is not a file name and a class number.')
        pairs.append((name.strip(), number))
    return pairs


def read_labels(path) -> Dict[str, int]:
    """Lines of ``file label`` as a dict.

    Raises:
        ValueError: A damaged line, or a file with two labels.
    """
    labels = {}
    for name, label in read_pairs(path):
        if labels.setdefault(name, label) != label:
            raise ValueError(f'{path}: {name} has the labels {labels[name]} and {label}. Keep one of the lines.')
    return labels


def labelled(keys: List[str], labels: Dict[str, int], keys_file, labels_file) -> List[Tuple[str, int]]:
    """Pairs of key and label.

    Raises:
        ValueError: A key without a label.
    """
    missing = [key for key in keys if key not in labels]
    if missing:
        raise ValueError(
            f'{len(missing)} files of {keys_file} have no label in {labels_file}, the first is {missing[0]}.'
        )
    return [(key, labels[key]) for key in keys]
