"""Say which setting of each method noisy validation chooses, from a suite whose methods are named ``method@setting``.

    python tools/analysis_tools/choose_settings.py configs/suites/features_tuning.py --out work_dirs/benchmark

The criterion is the mean over noises and seeds of the best accuracy on noisy validation; the test accuracies beside it choose
nothing.
"""

import argparse

from mmnoisy.benchmark.figures import values_of
from mmnoisy.benchmark.page import table
from mmnoisy.benchmark.statistics import mean_std
from mmnoisy.benchmark.store import Store


def rows(store: Store) -> list:
    """``(method, setting, validation, test, chosen)`` of each method whose settings were all run on all noises."""
    validation, test = values_of(store, 'val_best'), values_of(store, 'at_best_val')
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
    args = parser.parse_args(argv)
    found = rows(Store(args.suite, args.out))
    if not found:
        raise SystemExit(
            f'No method of {args.suite} has all of its settings in {args.out}: run tools/benchmark.py first.'
        )
    head = ['method', 'setting', 'noisy validation', 'test at it', 'chosen']
    print(table(head, [[m, s, f'{v:.2f}', f'{t:.2f}', 'yes' if chosen else ''] for m, s, v, t, chosen in found]))


if __name__ == '__main__':
    main()
