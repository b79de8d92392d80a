"""Say which setting of each method noisy validation chooses, from a suite whose methods are named ``method@setting``.

    python tools/analysis_tools/choose_settings.py configs/suites/features_tuning.py --out work_dirs/benchmark

The criterion is the mean over noises and seeds of the best accuracy on noisy validation, or, with ``--epochs last``, of the mean
of the last ten epochs. That is for recipes whose last epoch is reported, and for small validation sets: the best of sixty
epochs on 142 labels, of which 40 % are wrong, is the same for settings whose test accuracies differ by eight points. The test
accuracies beside it choose nothing.
"""

import argparse
import csv

from mmnoisy.benchmark.figures import values_of
from mmnoisy.benchmark.page import table
from mmnoisy.benchmark.statistics import Values, mean_std
from mmnoisy.benchmark.store import Store


def last_validation(store: Store) -> Values:
    """Mean accuracy on noisy validation over the last ten epochs of each finished run, in percent."""
    results, found = store.results(), {}
    for cell in store.suite.cells:
        histories = sorted((store.folder(cell) / 'run').rglob('history.csv'), key=lambda path: path.stat().st_mtime_ns)
        if cell.key in results and histories:
            with histories[-1].open(newline='', encoding='utf-8') as file:
                seen = [float(row['val_accuracy']) for row in csv.DictReader(file) if row.get('val_accuracy')]
            found[cell.method, cell.noise, cell.seed] = sum(seen[-10:]) / len(seen[-10:])
    return found


def rows(store: Store, epochs: str = 'best') -> list:
    """``(method, setting, validation, test, chosen)`` of each method whose settings were all run on all noises."""
    last = epochs == 'last'
    validation = last_validation(store) if last else values_of(store, 'val_best')
    test = values_of(store, 'last' if last else 'at_best_val')
    cells: dict = {}
    for cell in store.suite.cells:
        method, at, setting = cell.method.partition('@')
        if at:
            cells.setdefault(method, {}).setdefault(setting, []).append((cell.method, cell.noise, cell.seed))
    found = []
    for method, settings in cells.items():
        if all(place in validation for places in settings.values() for place in places):
            means = {
                s: [mean_std([v[p] for p in places]).mean for v in (validation, test)] for s, places in settings.items()
            }
            best = max(means, key=lambda setting: means[setting][0])
            found += [(method, setting, *mean, setting == best) for setting, mean in means.items()]
    return found


def main(argv=None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description='Say which setting of each method noisy validation chooses.')
    parser.add_argument('suite')
    parser.add_argument('--out', required=True, help='folder of the runs')
    parser.add_argument('--epochs', choices=('best', 'last'), default='best', help='what of noisy validation counts')
    args = parser.parse_args(argv)
    found = rows(Store(args.suite, args.out), args.epochs)
    if not found:
        raise SystemExit(
            f'No method of {args.suite} has all of its settings in {args.out}: run tools/benchmark.py first.'
        )
    head = ['method', 'setting', 'noisy validation', 'test at it', 'chosen']
    print(table(head, [[m, s, f'{v:.2f}', f'{t:.2f}', 'yes' if chosen else ''] for m, s, v, t, chosen in found]))


if __name__ == '__main__':
    main()
