"""Files of images as folders and tables list them."""

import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from .tables import Table, filled

#: What counts as an image in a folder, in lower case.
SUFFIXES = tuple('.jpg .jpeg .jfif .png .bmp .ppm .pgm .pbm .tif .tiff .webp .gif .jp2 .avif .tga .ico'.split())
#: Folders that tools leave behind; those that begin with a dot are left out as well.
LEFT_BEHIND = ('__MACOSX', '__pycache__', '@eaDir', 'lost+found')


class ClassFolders(NamedTuple):
    """Images below one folder a class.

    Args:
        files (dict[str, list[str]]): Paths relative to the root by class, both sorted; classes with images only.
        empty (list[str]): Folders without an image.
        others (list[str]): Files that are no images by their suffix.
    """

    files: Dict[str, List[str]]
    empty: List[str]
    others: List[str]


def subfolders(root) -> List[str]:
    """Names of the folders in a folder, sorted, without hidden ones."""
    return sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not _hidden(entry.name))


def class_folders(root) -> ClassFolders:
    """Look through the class folders of a root; hidden folders and files are left out, links are followed once."""
    files, empty, others = {}, [], []
    for name in subfolders(root):
        found = _walk(Path(root), name)
        images = [path for path in found if path.lower().endswith(SUFFIXES)]
        others.extend(path for path in found if not path.lower().endswith(SUFFIXES))
        if images:
            files[name] = images
        else:
            empty.append(name)
    return ClassFolders(files, empty, others)


def files_below(root) -> List[str]:
    """Files below a folder, relative to it, sorted; hidden ones are left out, links are followed once."""
    return _walk(Path(root), '.')


def read_paths(table: Table, column: str) -> List[str]:
    """Paths of a table.

    Raises:
        ValueError: An empty one, something else than text, or an address on the network.
    """
    paths = filled(table, column)
    for row, path in enumerate(paths):
        if not isinstance(path, str):
            raise ValueError(f'{table.where(row, column)} {path!r:.80} is not the path of a file.')
        if '://' in path:
            raise ValueError(f'{table.where(row, column)} {path} is an address: fetch the images and list local files.')
    return paths


def check_images(table: Table, paths: Sequence[str], rows: Sequence[int]) -> None:
    """Refuse a table that lists files which are not there.

    Raises:
        FileNotFoundError: The message names the first and says how many.
    """
    missing = np.flatnonzero([not os.path.isfile(path) for path in paths])
    if len(missing):
        first = int(missing[0])
        raise FileNotFoundError(
            f'{table.name}, line {table.lines[rows[first]]}: there is no image {paths[first]} ({len(missing)} of '
            f'{len(paths)} are missing). Paths are relative to the folder of the table, or to data_root and data_prefix.'
        )


def _hidden(name: str) -> bool:
    return name.startswith('.') or name in LEFT_BEHIND


def _walk(root: Path, name: str) -> List[str]:
    """Files below a folder, relative to the root, sorted."""
    found, seen = [], set()
    for folder, names, files in os.walk(root / name, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # A link to a folder above.
            names.clear()
            continue
        seen.add(real)
        names[:] = [other for other in names if not _hidden(other)]
        found.extend(os.path.relpath(os.path.join(folder, file), root) for file in files if not _hidden(file))
    return sorted(path.replace(os.sep, '/') for path in found)
