"""A corrected list of a data set, from an audit and what a person said about it. No image and no original is touched."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..datasets.samples_file import read_rows, write_table
from .links import make_links

POLICIES = ('drop', 'relabel', 'weight')
TICKS = ('right', 'wrong', 'unsure')


class Fixed(NamedTuple):
    """What :func:`fix` did. Its text is a table for the console.

    Args:
        out (Path): The list that was written.
        rows (list[tuple]): ``(path, label, weight)`` of each image that is kept.
        changes (list[dict]): For each class ``class``, ``before``, ``dropped``, ``relabelled`` (to another class), ``gained``
            (from another class), ``weighted`` and ``after``, in images.
        unreadable (list[tuple]): ``(path, reason)`` of images that are left out.
        notes (list[str]): What a user should know.
        links (Path, optional): Folder of links.
    """

    out: Path
    rows: List[tuple]
    changes: List[dict]
    unreadable: List[Tuple[str, str]]
    notes: List[str]
    links: Optional[Path]

    def __str__(self) -> str:
        """The changes of each class and the notes."""
        columns = list(self.changes[0]) if self.changes else []
        lines = [columns, *([str(change[name]) for name in columns] for change in self.changes)]
        widths = [max(map(len, column)) for column in zip(*lines)]
        table = [_aligned(line, widths) for line in lines]
        left_out = [f'Left out, cannot be read: {path}: {reason}' for path, reason in self.unreadable]
        return '\n'.join([*table, *left_out, *self.notes])


def _aligned(cells, widths) -> str:
    name, *numbers = (cell.rjust(width) for cell, width in zip(cells, widths))
    return '  '.join([name.strip().ljust(widths[0]), *numbers]) if widths else ''


def fix(audit_dir, policy: str = 'drop', ticks=None, out=None, link=None) -> Fixed:
    """Write a corrected list of the images of an audit.

    Flagged images are dropped, get the suggested label, or are kept with their score as a weight. What a person said wins: a
    label that is right stays; one that is wrong is replaced by the label that the person gave, else, under ``relabel``, by
    the suggested one, and without either the image is dropped; one that a person is unsure about is left to the policy. An
    image that cannot be read is left out. A class that would be left without images keeps its flagged ones.

    The list, ``path,label`` and under ``weight`` also ``weight``, is read by :class:`mmnoisy.CSVDataset`; labels are names.

    Args:
        audit_dir (str | Path): Folder of the audit.
        policy (str): ``'drop'``, ``'relabel'`` or ``'weight'``. Defaults to ``'drop'``.
        ticks (str | Path, optional): A csv with the column ``path`` or ``source_idx``, ``tick`` (right, wrong, unsure) and
            optionally ``label``.
        out (str | Path, optional): The list. Defaults to ``<audit_dir>/clean.csv``.
        link (str | Path, optional): A folder to make, with one folder a class of links to the kept images.

    Raises:
        FileNotFoundError: No audit, or no such file of ticks.
        ValueError: An unknown policy, ticks that do not fit the audit, or a place for the result where something else lies.
    """
    if policy not in POLICIES:
        raise ValueError(f'fix: the policy must be one of {", ".join(POLICIES)}, not {policy!r}.')
    folder = Path(audit_dir)
    summary, rows = read_audit(folder)
    said = {} if ticks is None else read_ticks(ticks, rows, summary['classes'])
    out = folder / 'clean.csv' if out is None else Path(out)
    _check_place(out, folder, summary)
    decided = [_decide(row, policy, said.get(row['source_idx'])) for row in rows]
    notes = _keep_classes(rows, decided, said)
    kept = [(row['path'], label, weight) for row, (label, weight) in zip(rows, decided) if label is not None]
    kept.sort()
    header = ('path', 'label', 'weight') if policy == 'weight' else ('path', 'label')
    links = None if link is None else make_links([row[:2] for row in kept], link)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_table(out, header, (row[: len(header)] for row in kept))
    unreadable = [(entry['path'], entry['reason']) for entry in summary.get('unreadable', ())]
    return Fixed(out, kept, _changes(rows, decided, summary['classes']), unreadable, notes, links)


def read_audit(folder: Path) -> Tuple[dict, List[dict]]:
    """``audit.json`` and the rows of ``issues.csv`` of an audit.

    Raises:
        FileNotFoundError: The folder holds no audit.
        ValueError: A file of it is damaged.
    """
    for name in ('audit.json', 'issues.csv'):
        if not (folder / name).is_file():
            raise FileNotFoundError(f'{folder} has no {name}: name the folder that an audit wrote.')
    try:
        summary = json.loads((folder / 'audit.json').read_text(encoding='utf-8'))
        summary['classes'] = [str(name) for name in summary['classes']]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{folder / "audit.json"} is damaged ({error!r}): run the audit again.') from error
    rows = list(read_rows(folder / 'issues.csv'))
    if not rows:
        raise ValueError(f'{folder / "issues.csv"} lists no image: run the audit again.')
    if 'path' not in rows[0]:
        raise ValueError(f'{folder / "issues.csv"} has no column path: the images are in no files.')
    return summary, rows


def read_ticks(path, rows: List[dict], classes: List[str]) -> Dict[int, Tuple[str, Optional[str]]]:
    """What a person said: ``{source_idx: (tick, label or None)}``; of an image that is named twice, the last line.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A line that does not fit; the message names it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'The file of ticks {path} does not exist.')
    by_path = {row['path']: row['source_idx'] for row in rows}
    known = set(by_path.values())
    said = {}
    with path.open(newline='', encoding='utf-8-sig', errors='surrogateescape') as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        if 'tick' not in header or not {'path', 'source_idx'} & set(header):
            raise ValueError(f'{path}: the header must have tick, and path or source_idx, not {",".join(header)!r}.')
        for row in reader:
            where = f'{path}, line {reader.line_num}'
            tick, label = (row['tick'] or '').strip().lower(), (row.get('label') or '').strip() or None
            if not tick:
                continue
            if tick not in TICKS:
                raise ValueError(f'{where}: the tick must be one of {", ".join(TICKS)}, not {tick!r}.')
            if label is not None and label not in classes:
                raise ValueError(f'{where}: the label {label!r} is none of the classes {", ".join(classes[:20])}.')
            said[_find(row, by_path, known, where)] = (tick, label)
    return said


def _find(row: dict, by_path: dict, known: set, where: str) -> int:
    if row.get('path') in by_path:
        return by_path[row['path']]
    number = row.get('source_idx')
    # A path that is given decides: numbers of another audit would tick other images.
    if not row.get('path') and number is not None and number.strip().isdecimal() and int(number) in known:
        return int(number)
    raise ValueError(f'{where}: there is no image {row.get("path") or number!r} in this audit.')


def _decide(row: dict, policy: str, said) -> Tuple[Optional[str], str]:
    """Label (None for left out) and weight of an image."""
    tick, label = said or ('unsure', None)
    suggested = row['suggested_label'] if row['suggested_index'] not in (None, row['given_index']) else None
    if tick == 'right':
        return row['given_label'], '1'
    if tick == 'wrong':
        return label or (suggested if policy == 'relabel' else None), '1'
    if not row['is_issue']:
        return row['given_label'], '1'
    if policy == 'weight':
        return row['given_label'], f'{row["score"]:.4g}'
    return (suggested if policy == 'relabel' else None), '1'


def _keep_classes(rows: List[dict], decided: list, said: dict) -> List[str]:
    """Restore the flagged images of classes that would be empty, in place; what a person said stays. Returns notes."""
    notes = []
    left = {label for label, _ in decided if label is not None}
    for name in sorted({row['given_label'] for row in rows} - left):
        members = [
            i
            for i, row in enumerate(rows)
            if row['given_label'] == name and said.get(row['source_idx'], ('unsure',))[0] == 'unsure'
        ]
        for i in members:
            decided[i] = (name, '1')
        notes.append(
            f'All images of class {name!r} are flagged: its {len(members)} images are kept as they are. Look at them.'
            if members
            else f'Class {name!r} has no images any more: all of its labels were ticked as wrong.'
        )
    return notes


def _changes(rows: List[dict], decided: list, classes: List[str]) -> List[dict]:
    found = {name: Counter() for name in classes}
    for row, (label, weight) in zip(rows, decided):
        given = row['given_label']
        found[given]['before'] += 1
        if label is None:
            found[given]['dropped'] += 1
            continue
        found[label]['after'] += 1
        found[given]['weighted'] += weight != '1'
        if label != given:
            found[given]['relabelled'] += 1
            found[label]['gained'] += 1
    order = ('before', 'dropped', 'relabelled', 'gained', 'weighted', 'after')
    return [{'class': name, **{key: counts[key] for key in order}} for name, counts in found.items()]


def _check_place(out: Path, folder: Path, summary: dict) -> None:
    """The list must not replace the original one, nor a file of the audit."""
    taken = [folder / name for name in ('issues.csv', 'audit.json', 'neighbours.json')]
    if out.is_dir() or out.resolve() in [path.resolve() for path in [*taken, Path(summary.get('data') or '')]]:
        raise ValueError(f'fix does not write over {out}: name another file for the corrected list.')
