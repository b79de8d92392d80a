"""What is wrong with a data set of one's own before any training: what ``mmnoisy check`` prints."""

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .image_scan import ImageProblem, scan_images
from .own_data import SPLITS, OwnData

#: With fewer training images a class is too small to be split, or judged by others of its class.
MIN_PER_CLASS = 10


class SameImage(NamedTuple):
    """Files with the same pixels.

    Args:
        paths (list[str]): Two or more files; a file that is listed twice stands here twice.
        labels (list[str]): Name of the class of each.
        splits (list[str]): Split of each.
    """

    paths: List[str]
    labels: List[str]
    splits: List[str]


class CheckReport(NamedTuple):
    """What :func:`check` found.

    Args:
        source (str): The data.
        num_images (int): N.
        classes (list[str]): K names.
        counts (dict[str, list[int]]): Images of each class, for each split that there is.
        problems (list[ImageProblem]): Files that cannot be read.
        duplicates (list[SameImage]): Same pixels, same label, same split.
        conflicts (list[SameImage]): Same pixels under different labels.
        leaks (list[SameImage]): Same pixels in different splits.
        small_classes (list[tuple[str, int]]): Classes with fewer than :data:`MIN_PER_CLASS` training images.
        notes (list[str]): What reading decided or left out.
        failures (list[str]): Why training would fail, one sentence each.
    """

    source: str
    num_images: int
    classes: List[str]
    counts: Dict[str, List[int]]
    problems: List[ImageProblem]
    duplicates: List[SameImage]
    conflicts: List[SameImage]
    leaks: List[SameImage]
    small_classes: List[Tuple[str, int]]
    notes: List[str]
    failures: List[str]

    @property
    def ok(self) -> bool:
        """Whether training would start and end."""
        return not self.failures

    def text(self, limit: int = 20) -> str:
        """The report in lines, with at most ``limit`` entries of each kind."""
        lines = [f'{self.source}: {self.num_images} images, {len(self.classes)} classes']
        lines += [f'{split}: {_counts(self.classes, counts, limit)}' for split, counts in self.counts.items()]
        lines += self.notes
        kinds = {
            'files that cannot be read': [f'{p.path}: {p.reason}' for p in self.problems],
            'images under different labels': [_same(entry) for entry in self.conflicts],
            'images in more than one split': [_same(entry) for entry in self.leaks],
            'images more than once': [_same(entry) for entry in self.duplicates],
            f'classes with fewer than {MIN_PER_CLASS} training images': [
                f'{name}: {count}' for name, count in self.small_classes
            ],
        }
        for kind, entries in kinds.items():
            if entries:
                lines.append(f'{len(entries)} {kind}:')
                lines += [f'  {entry}' for entry in entries[:limit]]
                lines += [f'  ... and {len(entries) - limit} more'] if len(entries) > limit else []
        lines += [f'Training would fail: {reason}' for reason in self.failures] or ['Training can start.']
        return '\n'.join(lines)

    def to_dict(self) -> dict:
        """All fields as json can hold them."""
        return {
            name: [entry._asdict() if hasattr(entry, '_asdict') else entry for entry in value]
            if isinstance(value, list)
            else value
            for name, value in dict(self._asdict(), ok=self.ok).items()
        }


def check(data: OwnData, *, workers: Optional[int] = None, cache=None) -> CheckReport:
    """Read every image and compare all of them.

    Args:
        data (OwnData): See :func:`mmnoisy.datasets.own_data.read_data`.
        workers (int, optional): See :func:`mmnoisy.datasets.image_scan.scan_images`.
        cache (str | Path, optional): See there.
    """
    scan = scan_images(data.paths, workers, cache)
    bad = {problem.path for problem in scan.problems}
    readable = np.array([path not in bad for path in data.paths], dtype=bool)
    counts = {
        split: np.bincount(data.labels[readable & (data.split == split)], minlength=len(data.classes)).tolist()
        for split in SPLITS
        if (data.split == split).any()
    }
    duplicates, conflicts, leaks = _compare(data, scan.digests)
    small = [(name, count) for name, count in zip(data.classes, counts['train']) if count < MIN_PER_CLASS]
    return CheckReport(
        data.source,
        len(data.paths),
        list(data.classes),
        counts,
        scan.problems,
        duplicates,
        conflicts,
        leaks,
        small,
        list(data.notes),
        _failures(data, scan.problems, counts['train']),
    )


def _compare(data: OwnData, digests) -> Tuple[List[SameImage], List[SameImage], List[SameImage]]:
    groups: Dict[str, List[int]] = {}
    for row, digest in enumerate(digests):
        if digest is not None:
            groups.setdefault(digest, []).append(row)
    duplicates, conflicts, leaks = [], [], []
    for rows in groups.values():
        if len(rows) < 2:
            continue
        labels, splits = ([values[row] for row in rows] for values in (data.labels, data.split))
        same = SameImage([data.paths[row] for row in rows], [data.classes[y] for y in labels], list(map(str, splits)))
        if len(set(labels)) > 1:
            conflicts.append(same)
        if len(set(splits)) > 1:
            leaks.append(same)
        if len(set(labels)) == len(set(splits)) == 1:
            duplicates.append(same)
    return duplicates, conflicts, leaks


def _failures(data: OwnData, problems: List[ImageProblem], counts: List[int]) -> List[str]:
    failures = []
    if problems:
        failures.append(
            f'{len(problems)} files cannot be read. Repair or remove them, the first is {problems[0].path}.'
        )
    if len(data.classes) < 2:
        failures.append(f'there is one class, {data.classes[0]!r}; at least 2 are needed.')
    empty = [name for name, count in zip(data.classes, counts) if not count]
    if empty:
        failures.append(f'no training image of the class {", ".join(empty)} can be read.')
    labels: Dict[str, set] = {}
    for path, label in zip(data.paths, data.labels.tolist()):
        labels.setdefault(path, set()).add(label)
    double = [path for path, found in labels.items() if len(found) > 1]
    if double:
        failures.append(f'{len(double)} files are listed with more than one label, the first is {double[0]}. Keep one.')
    return failures


def _counts(classes: List[str], counts: List[int], limit: int) -> str:
    parts = [f'{name} {count}' for name, count in zip(classes, counts)][:limit]
    return f'{sum(counts)} images ({", ".join(parts)}{", ..." if len(classes) > limit else ""})'


def _same(entry: SameImage) -> str:
    return ' = '.join(f'{p} ({y}, {s})' for p, y, s in zip(entry.paths[:5], entry.labels, entry.splits))
