"""What the gallery of a page holds: the samples as columns, and pictures of those that are looked at first."""

import hashlib
import os
from typing import Dict, List, Optional

import numpy as np

from .samples import Samples
from .thumbnails import read_thumbnails

#: Samples with a picture: the worst overall, and of each class the typical and the suspicious ones.
WORST, OF_A_CLASS = 1000, 20
#: Pictures for all classes together, at most: with many classes each gets fewer.
OF_ALL_CLASSES = 4000
#: Samples whose neighbours are shown as (smaller) pictures; those of others are named.
WITH_NEIGHBOURS, NEIGHBOUR_SIZE = 200, 48


def gallery_data(samples: Samples, neighbours: dict) -> dict:
    """The samples as the page's script reads them: columns of N plain values, NaN as None."""
    groups = class_groups(samples)
    rows = sorted({*range(min(WORST, len(samples))), *(row for group in groups for side in group for row in side)})
    pictures, errors = _pictures(samples.paths, rows)
    prefix = _prefix(samples.paths)
    return dict(
        id=_identity(samples),
        classes=samples.classes,
        prefix=prefix,
        path=[path[len(prefix) :] for path in samples.paths] if any(samples.paths) else None,
        source=samples.source_idx.tolist(),
        given=samples.given.tolist(),
        suggested=samples.suggested.tolist(),
        score=_rounded(samples.score),
        suggestedScore=_rounded(samples.suggested_score),
        flagged=samples.is_issue.astype(int).tolist(),
        judges={name: _rounded(column) for name, column in samples.judges.items()},
        duplicate={row: path for row, path in enumerate(samples.duplicate_of) if path},
        pictures=pictures,
        errors=errors,
        groups=groups,
        neighbours=_neighbours(samples, neighbours),
    )


def class_groups(samples: Samples) -> List[tuple]:
    """Of each class the rows of its most typical samples (not flagged, best first) and of its worst flagged ones."""
    each = max(1, min(OF_A_CLASS, OF_ALL_CLASSES // max(1, len(samples.classes))) // 2)
    typical, suspicious = ([[] for _ in samples.classes] for _ in range(2))
    judged = np.isfinite(samples.score)
    for row in np.flatnonzero(judged & samples.is_issue):
        group = suspicious[samples.given[row]]
        if len(group) < each:
            group.append(int(row))
    for row in np.flatnonzero(judged & ~samples.is_issue)[::-1]:
        group = typical[samples.given[row]]
        if len(group) < each:
            group.append(int(row))
    return list(zip(typical, suspicious))


def _pictures(paths: List[str], rows: List[int]) -> tuple:
    pictures, errors = read_thumbnails(paths[row] for row in rows if paths[row])
    return (
        {row: pictures[paths[row]] for row in rows if paths[row] in pictures},
        {row: errors[paths[row]] for row in rows if paths[row] in errors},
    )


def _neighbours(samples: Samples, neighbours: dict) -> Dict[int, list]:
    """Row -> [name of the label, similarity, path, picture or None] of each neighbour that voted."""
    if not neighbours:
        return {}
    found = {row: neighbours.get(str(source)) or [] for row, source in enumerate(samples.source_idx.tolist())}
    found = {row: voters for row, voters in found.items() if voters}
    first = [voter['path'] for row, voters in found.items() if row < WITH_NEIGHBOURS for voter in voters]
    pictures, _ = read_thumbnails(first, NEIGHBOUR_SIZE)
    return {
        row: [
            [
                str(voter['label']),
                _rounded(np.array([voter.get('similarity')], dtype=np.float64))[0],
                str(voter['path']),
                pictures.get(voter['path']) if row < WITH_NEIGHBOURS else None,
            ]
            for voter in voters
        ]
        for row, voters in found.items()
    }


def _prefix(paths: List[str]) -> str:
    """The folder that all paths are in: written once instead of N times."""
    common = os.path.commonprefix([path for path in paths if path]) if any(paths) else ''
    return common[: common.rfind('/') + 1] if all(paths) else ''


def _identity(samples: Samples) -> str:
    """Names the data and its labels: what a browser remembers of a page is kept under it."""
    digest = hashlib.sha256(repr(samples.classes).encode())
    order = np.argsort(samples.source_idx, kind='stable')
    digest.update(np.stack([samples.source_idx[order], samples.given[order]]).tobytes())
    digest.update('\n'.join(samples.paths[i] for i in order).encode('utf-8', 'surrogateescape'))
    return digest.hexdigest()[:24]


def _rounded(values: np.ndarray, digits: int = 4) -> Optional[list]:
    """Plain numbers for JSON; None for NaN, and for the whole column where nothing is known."""
    if not np.isfinite(values).any():
        return [None] * len(values) if len(values) == 1 else None
    return [round(value, digits) if value == value else None for value in values.tolist()]
