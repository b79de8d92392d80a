"""Reading of the plain text lists that real-world noisy data sets come with."""

from pathlib import Path
from typing import Dict, List, Tuple


def read_lines(path) -> List[str]:
    """Lines that are not empty.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file has no lines.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist. Set data_root to the folder of the data set.')
    lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
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
        if not name or not label.isdecimal():
            raise ValueError(f'{path}: the line {line!r} is not a file name and a class number.')
        pairs.append((name.strip(), int(label)))
    return pairs


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
