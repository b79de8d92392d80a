"""``configs/<method>/results.json``: the one source of a method's figures.

``runs`` has one entry a run; a config without an entry was not run. ``means`` has what is known of several runs only as
their mean. ``null`` is what was not measured or not kept. Accuracies are in percent, all other figures in [0, 1].
"""

import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Union


class Metric(NamedTuple):
    """How a figure is printed: title of its column, decimals, and what it is multiplied by."""

    title: str
    decimals: int
    scale: float = 1.0


ACCURACIES = {
    'last': Metric('last epoch', 1),
    'at_best_val': Metric('best epoch on noisy validation', 1),
    'oracle_best': Metric('oracle best', 1),
}
#: Keys of a run's ``detection``, as in ``summary.json``.
DETECTION = {
    'auc': Metric('AUC', 3),
    'precision': Metric('precision', 3),
    'recall': Metric('recall', 3),
    'f1': Metric('F1', 3),
    'label_precision': Metric('label precision', 3),
    'label_recall': Metric('label recall', 3),
    'fnr_at_rate': Metric('FNR at the true rate', 3),
    'suggested_accuracy': Metric('suggested labels right, %', 1, 100.0),
}
#: Further keys that a run may have.
OTHERS = {
    'miou': Metric('mIoU', 1),
    'balanced_accuracy': Metric('balanced accuracy', 1),
    'worst_class_recall': Metric('recall of the worst class', 1),
    'transition_error': Metric('mean absolute error of T', 4),
}
METRICS: Dict[str, Metric] = {**ACCURACIES, **DETECTION, **OTHERS}

_FILE = ('name', 'paper', 'headline', 'note', 'means', 'runs')
_RUN = ('config', 'seed', 'noise_seed', *ACCURACIES, 'detection', 'seconds', 'device', 'commit')
_PERCENT = (*ACCURACIES, 'miou', 'balanced_accuracy', 'worst_class_recall')


class Figure(NamedTuple):
    """A figure of one config: ``each`` is one value a seed, or None where only the mean is known."""

    mean: float
    each: Optional[List[float]]
    seeds: List[int]


def value(entry: dict, metric: str) -> Optional[float]:
    """A figure of an entry of ``runs`` or ``means``; None where it has none."""
    return (entry.get('detection') or {}).get(metric) if metric in DETECTION else entry.get(metric)


def entries_of(results: dict, config: str, noise: Optional[dict] = None) -> List[dict]:
    """The runs of a config (str, a file's stem) under a noise (None is the config's own), by seed."""
    runs = (run for run in results['runs'] if run['config'] == config and run.get('noise') == noise)
    return sorted(runs, key=lambda run: (run['noise_seed'], run['seed']))


def figure(results: dict, config: str, metric: str, noise: Optional[dict] = None) -> Optional[Figure]:
    """A metric of a config over its seeds; None where it is not known. Runs come before means."""
    known = [run for run in entries_of(results, config, noise) if value(run, metric) is not None]
    if known:
        each = [value(run, metric) for run in known]
        return Figure(sum(each) / len(each), each, [run['seed'] for run in known])
    for entry in results['means']:
        if entry['config'] == config and noise is None and value(entry, metric) is not None:
            return Figure(value(entry, metric), None, entry['seeds'])
    return None


def add_run(results: dict, run: dict) -> None:
    """Put a run into ``results``, in the place of an earlier one of the same config, noise and seeds."""
    results['runs'] = [old for old in results['runs'] if _key(old) != _key(run)] + [dict.fromkeys(_RUN) | run]
    results['runs'].sort(key=_key)


def read_results(path: Union[str, Path]) -> dict:
    """Read and check a ``results.json``.

    Raises:
        ValueError: The file is no such file, or an entry is wrong; the message names both.
    """
    try:
        results = json.loads(Path(path).read_text(encoding='utf-8'))
        _check(results, Path(path).parent)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path}: {error}') from error
    return results


def write_results(results: dict, path: Union[str, Path]) -> None:
    """Write a ``results.json``, one run a line, in the place of what is there.

    Raises:
        ValueError: An entry is wrong; nothing is written.
    """
    path = Path(path)
    _check(results, path.parent)
    lines = []
    for key in _FILE:
        rows = results[key]
        if key in ('means', 'runs') and rows:
            text = '[\n' + ',\n'.join('    ' + json.dumps(row, ensure_ascii=False) for row in rows) + '\n  ]'
        else:
            text = json.dumps(rows, ensure_ascii=False)
        lines.append(f'  "{key}": {text}')
    beside = path.with_name(f'{path.name}.new')
    beside.write_text('{\n' + ',\n'.join(lines) + '\n}\n', encoding='utf-8')
    beside.replace(path)


def _key(run: dict) -> tuple:
    return run['config'], json.dumps(run.get('noise') or {}, sort_keys=True), run['noise_seed'], run['seed']


def _check(results: dict, folder: Path) -> None:
    if not isinstance(results, dict) or set(results) != set(_FILE):
        raise ValueError(f'it must have the keys {", ".join(_FILE)}, and no others.')
    for entry in results['runs']:
        _check_keys(entry, set(_RUN), {'noise', *OTHERS})
    for entry in results['means']:
        _check_keys(entry, {'config', 'seeds'}, {*ACCURACIES, 'detection', *OTHERS})
    for entry in (*results['runs'], *results['means']):
        if not (folder / f'{entry["config"]}.py').is_file():
            raise ValueError(f'there is no config {entry["config"]}.py in {folder}.')
        _check_values(entry)
    keys = [_key(run) for run in results['runs']]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f'two runs of {key[0]} have the seed {key[-1]}: keep one of them.')


def _check_keys(entry: dict, needed: set, allowed: set) -> None:
    missing, unknown = needed - set(entry), set(entry) - needed - allowed
    if missing or unknown:
        raise ValueError(
            f'the entry {json.dumps(entry)} lacks {sorted(missing)} and has the unknown keys {sorted(unknown)}. '
            'What is not known is null; a new figure gets a line in mmnoisy/evaluation/results_file.py.'
        )


def _check_values(entry: dict) -> None:
    unknown = set(entry.get('detection') or {}) - set(DETECTION)
    if unknown:
        raise ValueError(f'the detection of {entry["config"]} has the unknown keys {sorted(unknown)}.')
    for seed in entry.get('seeds', [entry.get('seed')]) + [entry.get('noise_seed', 0)]:
        if not isinstance(seed, int):
            raise ValueError(f'a seed of {entry["config"]} is {seed!r}, not a whole number.')
    for metric in METRICS:
        found = value(entry, metric)
        top = 100 if metric in _PERCENT else 1
        if found is not None and not (isinstance(found, (int, float)) and 0 <= found <= top):
            raise ValueError(f'{metric} of {entry["config"]} is {found!r}, not a number in [0, {top}].')
