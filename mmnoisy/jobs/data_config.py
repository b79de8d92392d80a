"""A user's own data as a data set's config."""

from pathlib import Path
from typing import Optional

from ..datasets.builtin_data import digits_folder
from ..datasets.own_data import SPLITS, OwnData
from ..datasets.tables import read_table


def dataset_config(data: OwnData, split: str = 'train') -> dict:
    """Config of the data set of one part of the data, with the classes in the order of their numbers.

    Raises:
        ValueError: The table spells the part in more than one way, such as ``val`` and ``valid``.
    """
    if data.kind in ('folder', 'builtin'):
        root = digits_folder() if data.kind == 'builtin' else data.source
        prefix = data.folders[split]
        return dict(
            type='mmnoisy.ImageFolder',
            data_root=str(root),
            data_prefix='' if prefix == '.' else prefix,
            classes=list(data.classes),
        )
    path = Path(data.source)
    found = dict(
        type='mmnoisy.CSVDataset',
        data_root=str(path.parent),
        ann_file=path.name,
        classes=list(data.classes),
        **data.reading,
    )
    cell = _split_cell(data, split)
    return found if cell is None else dict(found, split=cell)


def parts(data: OwnData) -> set:
    """Which of train, val and test there are."""
    return {str(split) for split in data.split}


def has_weights(data: OwnData) -> bool:
    """Whether the data is a table with a weight for each image."""
    if data.kind in ('folder', 'builtin'):
        return False
    table = read_table(data.source, data.reading.get('sep'), data.reading.get('encoding'))
    return 'weight' in table.columns


def _split_cell(data: OwnData, split: str) -> Optional[str]:
    """What the table's column of parts calls a part; None where it has no such column."""
    column = data.reading.get('columns', {}).get('split')
    if column is None:
        return None
    table = read_table(data.source, data.reading.get('sep'), data.reading.get('encoding'))
    cells = {str(cell) for cell in table.columns[column] if str(cell).strip().lower() in SPLITS[split]}
    if len(cells) != 1:
        raise ValueError(
            f'{data.source}: the column {column} calls the part {split} {" and ".join(sorted(map(repr, cells)))}: use one word.'
        )
    return cells.pop()
