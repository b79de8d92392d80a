"""Images that a table lists."""

import os.path as osp
from typing import List, Sequence

import numpy as np

from .tables import Table, filled


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
    missing = np.flatnonzero([not osp.isfile(path) for path in paths])
    if len(missing):
        first = int(missing[0])
        raise FileNotFoundError(
            f'{table.name}, line {table.lines[rows[first]]}: there is no image {paths[first]} ({len(missing)} of '
            f'{len(paths)} are missing). Paths are relative to the folder of the table, or to data_root and data_prefix.'
        )
