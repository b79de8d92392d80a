"""A folder of links to images, one folder a class."""

import os
import re
import shutil
from pathlib import Path
from typing import Sequence, Tuple


def make_links(rows: Sequence[Tuple[str, str]], folder) -> Path:
    """Make ``<folder>/<class>/<name>`` links to images; two files of one name in a class get a number.

    Args:
        rows (Sequence[tuple]): ``(path, class)`` of each image.
        folder (str | Path): Made by this, or an empty folder.

    Returns:
        Path: The folder.

    Raises:
        ValueError: There is something in the folder, or two classes come to the same folder name.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f'{folder} is there already: name a new folder for the links, or remove it.')
    folders = _class_folders(sorted({label for _, label in rows}))
    part = folder.with_name(folder.name + '.part')
    shutil.rmtree(part, ignore_errors=True)
    for name in folders.values():
        (part / name).mkdir(parents=True)
    for path, label in rows:
        os.symlink(os.path.abspath(path), _free(part / folders[label] / Path(path).name))
    if folder.is_dir():
        folder.rmdir()
    os.replace(part, folder)
    return folder


def _class_folders(classes: Sequence[str]) -> dict:
    """Folder name of each class: a name must not lead out of the folder."""
    folders = {}
    for label in classes:
        name = re.sub(r'[/\\\0]', '_', label)
        name = f'_{name}' if name in ('', '.', '..') or name.startswith('.') else name
        if name in folders.values():
            other = next(key for key, value in folders.items() if value == name)
            raise ValueError(f'The classes {other!r} and {label!r} would share the folder {name!r}: rename one.')
        folders[label] = name
    return folders


def _free(path: Path) -> Path:
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f'{path.stem}_{number}{path.suffix}')
    return found
