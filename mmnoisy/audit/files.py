"""The files of an audit's folder: ``issues.csv``, ``audit.json``, ``neighbours.json``."""

import json
import resource
import sys
from typing import Optional

import numpy as np

from ..datasets.label_file import checksum
from ..datasets.samples_file import write_rows
from .cache import replace_text
from .noise_estimate import Interval, NoiseEstimate

#: Images whose neighbours are listed, worst first, and how many of them each.
_WORST, _SHOWN = 1000, 5
#: Entries of a list in ``audit.json``.
_LISTED = 1000


def write_audit(result, data, backbone: Optional[str], command: Optional[str]) -> None:
    """Write the files of an :class:`mmnoisy.audit.data_audit.Audit`.

    Args:
        result (Audit): The result.
        data (OwnData): What was audited.
        backbone (str, optional): Network of the features.
        command (str, optional): The command line.
    """
    folder = result.folder
    folder.mkdir(parents=True, exist_ok=True)
    paths = [data.paths[row] for row in result.rows]
    replace_text(folder / 'neighbours.json', json.dumps(_neighbours(result, paths), ensure_ascii=False))
    summary = _summary(result, data, paths)
    summary.update(backbone=backbone, command=command)
    replace_text(folder / 'audit.json', json.dumps(summary, indent=1, ensure_ascii=False) + '\n')
    columns = _columns(result, paths)
    meta = dict(checksum=checksum(np.asarray(data.labels)), classes=list(data.classes))
    write_rows(folder / 'issues.csv', list(columns), zip(*columns.values()), meta)


def _columns(result, paths) -> dict:
    """Columns of ``issues.csv``, worst first."""
    issues = result.issues
    order = issues.worst_first()
    names = np.array([*issues.classes, ''], dtype=object)
    columns = dict(
        path=[paths[row] for row in order],
        given_label=names[issues.labels[order]],
        suggested_label=names[issues.suggested[order]],
        given_index=issues.labels[order],
        suggested_index=['' if label < 0 else label for label in issues.suggested[order]],
        score=_numbers(issues.score[order]),
        suggested_score=_numbers(issues.suggested_score[order]),
        is_issue=issues.is_issue[order].astype(int),
    )
    for judge in issues.judges:
        columns[judge.name] = _numbers(judge.score[order])
        for name, values in (judge.extra or {}).items():
            columns[name] = _numbers(values[order])
    columns['duplicate_of'] = ['' if row < 0 else paths[row] for row in issues.duplicate_of[order]]
    columns['source_idx'] = result.rows[order]
    return columns


def _summary(result, data, paths) -> dict:
    issues = result.issues
    names = issues.classes
    differing = sorted(issues.near_duplicates, key=lambda pair: issues.labels[pair[0]] == issues.labels[pair[1]])
    seconds, other = result.seconds, issues.neighbour_noise
    return dict(
        data=str(data.source),
        classes=names,
        num_images=len(result.rows) + len(result.unreadable),
        num_judged=int((~np.isnan(issues.score)).sum()),
        num_issues=int(issues.is_issue.sum()),
        unreadable=[dict(path=str(path), reason=str(reason)) for path, reason in result.unreadable],
        judges={judge.name: dict(accuracy=_number(judge.accuracy(issues.labels))) for judge in issues.judges},
        noise_rate=_interval(issues.noise.rate),
        noise_by_class=_by_class(issues),
        transition=_transition(issues.noise.transition),
        noise_by_neighbours=None if other is None else _both(other),
        near_duplicates=[
            dict(
                path=paths[a],
                other=paths[b],
                similarity=_number(similarity),
                labels=[names[issues.labels[a]], names[issues.labels[b]]],
            )
            for a, b, similarity in differing[:_LISTED]
        ],
        outliers=[dict(path=paths[row], score=_number(score)) for row, score in issues.outliers[:_LISTED]],
        small_classes=[names[label] for label in issues.small_classes],
        notes=[*getattr(data, 'notes', ()), *issues.notes],
        seconds=seconds,
        images_per_second=_number(len(paths) / seconds['total']) if seconds.get('total') else None,
        peak_memory_mb=_peak_memory(),
    )


def _by_class(issues) -> list:
    found = []
    for label, name in enumerate(issues.classes):
        members = issues.labels == label
        rates = {key: _number(getattr(issues.noise.by_class, key)[label]) for key in ('low', 'high')}
        rate = _number(issues.noise.by_class.estimate[label])
        flagged = int(issues.is_issue[members].sum())
        found.append({'class': name, 'count': int(members.sum()), 'flagged': flagged, 'rate': rate, **rates})
    return found


def _neighbours(result, paths) -> dict:
    """``{source_idx: [{path, label, similarity}]}`` of the worst images; {} without features."""
    issues, found = result.issues, {}
    if issues.neighbours is None:
        return found
    voters = issues.neighbours
    for row in issues.worst_first()[:_WORST]:
        found[str(result.rows[row])] = [
            dict(path=paths[other], label=issues.classes[issues.labels[other]], similarity=_number(similarity))
            for other, similarity in zip(voters.index[row, :_SHOWN], voters.similarity[row, :_SHOWN])
        ]
    return found


def _peak_memory() -> int:
    """Of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == 'darwin' else 2**10))


def _interval(value: Interval) -> dict:
    return {name: _number(part) for name, part in value._asdict().items()}


def _transition(value: Interval) -> dict:
    return dict(matrix=_matrix(value.estimate), low=_matrix(value.low), high=_matrix(value.high))


def _both(noise: NoiseEstimate) -> dict:
    return dict(noise_rate=_interval(noise.rate), transition=_transition(noise.transition))


def _matrix(values: np.ndarray) -> list:
    return [[_number(value) for value in row] for row in values]


def _number(value):
    """A plain float with five significant digits, None for NaN."""
    return None if np.isnan(value) else float(f'{value:.5g}')


def _numbers(values: np.ndarray) -> list:
    return ['' if np.isnan(value) else f'{value:.9g}' for value in values]
