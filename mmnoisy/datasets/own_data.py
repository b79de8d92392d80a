"""A user's own images, whatever form they come in: class folders, a table, or a built-in name."""

import os
import unicodedata
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .builtin_data import BUILTIN, digits_folder
from .labels import Labels
from .listed_files import SUFFIXES, ClassFolders, check_images, class_folders, read_paths, subfolders
from .tables import SUFFIXES as TABLES
from .tables import Table, filled, pick_column, read_table
from .vocabulary import encode, find_classes

#: The parts of a data set, with what folders and cells call them.
SPLITS = {
    'train': ('train', 'training'),
    'val': ('val', 'valid', 'validation', 'dev'),
    'test': ('test', 'testing'),
}


class OwnData(NamedTuple):
    """Images and their labels.

    Args:
        paths (list[str]): (N,) absolute.
        labels (np.ndarray): (N,) int64, numbers in ``classes``.
        classes (list[str]): K names.
        split (np.ndarray): (N,) of ``'train'``, ``'val'`` and ``'test'``.
        source (str): What was read: a folder, a file or a built-in name.
        kind (str): ``'folder'``, ``'csv'``, ``'tsv'``, ``'jsonl'``, ``'parquet'`` or ``'builtin'``.
        reading (dict): Options with which :class:`mmnoisy.CSVDataset` reads the same table (``columns``, ``sep``,
            ``encoding``); empty for folders.
        folders (dict[str, str]): For folders: the folder of each split, relative to ``source``.
        notes (list[str]): What was left out or decided, one sentence each.
    """

    paths: List[str]
    labels: np.ndarray
    classes: List[str]
    split: np.ndarray
    source: str
    kind: str
    reading: dict
    folders: Dict[str, str]
    notes: List[str]


def read_data(
    data,
    *,
    path_column: Optional[str] = None,
    label_column: Optional[str] = None,
    sep: Optional[str] = None,
    encoding: Optional[str] = None,
) -> OwnData:
    """Find the images, labels, classes and parts of a data set.

    Args:
        data (str | Path): A folder of class folders; one of ``train/``, ``val/`` (optional) and ``test/`` (optional) with
            class folders in each; a csv, tsv, jsonl or parquet file, whose paths are relative to its folder; or a
            built-in name (``'digits'``).
        path_column (str, optional): Column of the paths. None: recognised by usual names.
        label_column (str, optional): Column of the labels. None: recognised by usual names.
        sep (str, optional): Separator of a csv. None: recognised.
        encoding (str, optional): Of a text file. None: UTF-8, or what its byte order mark says.

    Raises:
        FileNotFoundError: No such file or folder, or none of the images that a table lists is there. Where some are
            missing, a note says so, and the scan of the images lists them.
        ValueError: It is no data set; the message says what was found and what is needed.
        ImportError: A parquet file, and its reader is not installed.
    """
    if not isinstance(data, (str, os.PathLike)) or not str(data):
        raise ValueError(
            f'DATA must be a folder, a table or one of {", ".join(BUILTIN)}, not {data!r} (empty or no path).'
        )
    options = dict(path_column=path_column, label_column=label_column, sep=sep, encoding=encoding)
    path = Path(data)
    if not path.exists() and str(data) in BUILTIN:
        return _read_folder(digits_folder())._replace(source=str(data), kind='builtin')
    if not path.exists():
        raise FileNotFoundError(f'{str(data)!r} does not exist, nor is it a built-in name ({", ".join(BUILTIN)}).')
    path = path.resolve()
    if path.is_dir():
        given = [name for name, value in options.items() if value is not None]
        if given:
            raise ValueError(f'{path} is a folder: {given[0]} is an option for tables.')
        return _read_folder(path)
    if path.suffix.lower() not in TABLES:
        raise ValueError(f'{path}: {path.suffix!r} is no table ({", ".join(TABLES)}), and the file is no folder.')
    return _read_list(path, **options)


def _read_folder(root: Path) -> OwnData:
    parts = _parts(root)
    found = {split: class_folders(folder) for split, folder in parts.items()}
    if not found['train'].files:
        raise ValueError(f'{parts["train"]} has no images ({" ".join(SUFFIXES)}) in its class folders.')
    classes = list(found['train'].files)
    paths, labels, splits = [], [], []
    for split, folders in found.items():
        for name, files in folders.files.items():
            if name not in classes:
                raise ValueError(
                    f'{parts[split]} has the class {name!r}, but there is no image of it in {parts["train"]}. Move or '
                    'rename the folder: the classes are those of the training images.'
                )
            paths.extend(str(parts[split] / file) for file in files)
            labels.extend([classes.index(name)] * len(files))
            splits.extend([split] * len(files))
    notes = [note for split, folders in found.items() for note in _folder_notes(parts[split], folders)]
    notes += _alike(classes)
    relative = {split: os.path.relpath(folder, root) for split, folder in parts.items()}
    return OwnData(paths, np.array(labels), classes, np.array(splits), str(root), 'folder', {}, relative, notes)


def _parts(root: Path) -> Dict[str, Path]:
    """Folder of each split that there is; the root itself where it holds the class folders."""
    names = subfolders(root)
    if not names:
        images = [entry.name for entry in os.scandir(root) if entry.name.lower().endswith(SUFFIXES)]
        if images:
            raise ValueError(f'{root} holds {len(images)} images itself: put them into one folder a class.')
        raise ValueError(f'{root} is empty: class folders with images are needed.')
    found = {split: [name for name in names if name.lower() in usual] for split, usual in SPLITS.items()}
    double = next((folders for folders in found.values() if len(folders) > 1), None)
    split_of = {name: split for split, folders in found.items() for name in folders}
    nested = bool(split_of) and all(subfolders(root / name) or not any((root / name).iterdir()) for name in split_of)
    if not nested or not (found['train'] or len(split_of) == len(names)):
        return {'train': root}
    if double:
        raise ValueError(f'{root} has the folders {" and ".join(double)} for the same part: keep one.')
    if not found['train']:
        raise ValueError(f'{root} has {", ".join(split_of)}, but no folder train: there is nothing to train on.')
    beside = class_folders(root).files.keys() - split_of.keys()
    if beside:
        raise ValueError(
            f'{root} has train with class folders, and {min(beside)!r} with images beside it: move it into train, or away.'
        )
    return {split: root / folders[0] for split, folders in found.items() if folders}


def _folder_notes(root: Path, folders: ClassFolders) -> List[str]:
    notes = []
    if folders.empty:
        notes.append(f'{root}: no image in the folder {", ".join(folders.empty)}; it is no class.')
    if folders.others:
        notes.append(
            f'{root}: files that are no images by their suffix ({len(folders.others)}), such as {folders.others[0]}.'
        )
    hidden = sorted(e.name for e in os.scandir(root) if e.is_dir() and e.name not in subfolders(root))
    if hidden:
        notes.append(f'{root}: the folder {", ".join(hidden)} is hidden and no class.')
    return notes


def _alike(classes: Sequence[str]) -> List[str]:
    """A note for names that look like one class written in two ways."""
    groups: Dict[str, List[str]] = {}
    for name in classes:
        groups.setdefault(''.join(unicodedata.normalize('NFKC', name).casefold().split()), []).append(name)
    return [
        f'The classes {" and ".join(map(repr, names))} differ only in case, blanks or encoding: are they one?'
        for names in groups.values()
        if len(names) > 1
    ]


def _read_list(path: Path, path_column, label_column, sep, encoding) -> OwnData:
    table = read_table(path, sep, encoding)
    columns = {
        'path': pick_column(table, 'path', path_column, option='--path-column'),
        'label': pick_column(table, 'label', label_column, option='--label-column'),
    }
    listed = read_paths(table, columns['path'])
    column = Labels(filled(table, columns['label']), lambda row: table.where(row, columns['label']))
    classes = find_classes(column)
    (labels,) = encode(classes, column)
    paths = [os.path.normpath(path.parent / file) for file in listed]
    there = [os.path.isfile(file) for file in paths]
    if not any(there):
        check_images(table, paths, range(len(paths)))
    split, split_column = _splits(table)
    if split_column is not None:
        columns['split'] = split_column
    _check_splits(table, column, labels, split)
    reading = dict(columns=columns, sep=sep, encoding=encoding)
    kind = {'.txt': 'csv', '.ndjson': 'jsonl'}.get(path.suffix.lower(), path.suffix.lower()[1:])
    note = f'{path}: {len(paths)} rows, {table.how}, columns {", ".join(columns.values())}.'
    notes = [note, *_alike(classes)]
    if not all(there):
        row = there.index(False)
        notes.append(
            f'{table.name}, line {table.lines[row]}: there is no image {paths[row]} ({there.count(False)} such).'
        )
    reading = {key: value for key, value in reading.items() if value is not None}
    return OwnData(paths, labels, list(classes), split, str(path), kind, reading, {}, notes)


def _splits(table: Table) -> Tuple[np.ndarray, Optional[str]]:
    column = pick_column(table, 'split', required=False)
    if column is None:
        return np.full(len(table.lines), 'train'), None
    known = {name: split for split, names in SPLITS.items() for name in names}
    split = []
    for row, cell in enumerate(filled(table, column)):
        if str(cell).lower() not in known:
            raise ValueError(f'{table.where(row, column)} {cell!r} is none of {", ".join(SPLITS)}.')
        split.append(known[str(cell).lower()])
    return np.array(split), column


def _check_splits(table: Table, column: Labels, labels: np.ndarray, split: np.ndarray) -> None:
    if not (split == 'train').any():
        raise ValueError(f'{table.name}: no row is of the split train: there is nothing to train on.')
    strange = np.flatnonzero(~np.isin(labels, labels[split == 'train']))
    if len(strange):
        row = int(strange[0])
        raise ValueError(
            f'{column.where(row)} {column.values[row]!r} has no image in the split train ({len(strange)} such rows).'
        )
