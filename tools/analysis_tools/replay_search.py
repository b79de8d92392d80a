"""Simulate searches on a grid whose every trial is known, and write what they lose.

    python tools/analysis_tools/replay_search.py features GRID_FOLDER --out docs/search

Writes OUT.csv, a table in Markdown (OUT_table.md) and a picture (OUT.png). The portfolio is chosen without the setting under
test. The objective is that of a search, the accuracy in which classes count alike, of the stored predictions.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from mmnoisy.files import replace_file, write_text
from mmnoisy.search.grid import table
from mmnoisy.search.replay import WAYS, rank_correlation, regrets, rejudged, stored
from mmnoisy.search.space import find_space, read_space

AFTER = (1, 2, 4, 6, 8, 10, 15, 20, 30, 40)
SHOWN = (10, 20, 40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('space')
    parser.add_argument('grid', help='folder of `tools/search.py grid`')
    parser.add_argument('--out', required=True, help='beginning of the names of what is written')
    parser.add_argument('--repeats', type=int, default=20)
    args = parser.parse_args()
    space, tables = read_space(find_space(args.space)), whole(table(args.grid))
    found = {
        (setting, way): np.array([regrets(space, tables, setting, way, seed, AFTER) for seed in range(args.repeats)])
        for setting in tables
        for way in WAYS
    }
    lines = ['| setting | trials | best | rho | ' + ' | '.join(f'{way}, {n}' for way in WAYS for n in SHOWN) + ' |']
    lines.append('| --- ' * (4 + len(WAYS) * len(SHOWN)) + '|')
    for setting, trials in tables.items():
        grid = stored(trials)
        cells = [_mean(found[setting, way][:, AFTER.index(n)]) for way in WAYS for n in SHOWN]
        head = f'| `{setting}` | {len(trials)} | {grid.clean.max():.1f} | {rank_correlation(grid):.2f} | '
        lines.append(head + ' | '.join(cells) + ' |')
    overall = [
        np.mean([found[setting, way][:, AFTER.index(n)].mean() for setting in tables]) for way in WAYS for n in SHOWN
    ]
    lines.append('| mean | | | | ' + ' | '.join(f'{value:.2f}' for value in overall) + ' |')
    write_text(f'{args.out}_table.md', '\n'.join(lines) + '\n')
    with replace_file(f'{args.out}.csv', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(('setting', 'way', 'seed', *AFTER))
        for (setting, way), rows in found.items():
            writer.writerows(
                (setting, way, seed, *(round(v, 3) for v in row)) for seed, row in enumerate(rows.tolist())
            )
    draw(found, list(tables), Path(f'{args.out}.png'))
    print('\n'.join(lines))


def whole(tables):
    """The choices that were run in every setting."""
    shared = set.intersection(*(set(trials) for trials in tables.values()))
    return {setting: {n: rejudged(trials[n]) for n in sorted(shared)} for setting, trials in tables.items()}


def _mean(values) -> str:
    return f'{values.mean():.2f} ± {values.std(ddof=1):.2f}' if len(values) > 1 else f'{values.mean():.2f}'


def draw(found, settings, path: Path) -> None:
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(settings), figsize=(3.2 * len(settings), 3.2), layout='constrained', squeeze=False
    )
    for ax, setting in zip(axes[0], settings):
        for way in WAYS:
            rows = found[setting, way]
            middle, spread = rows.mean(0), rows.std(0, ddof=1) / np.sqrt(len(rows))
            ax.plot(AFTER, middle, marker='o', markersize=3, label=way.replace('_', ' + '))
            ax.fill_between(AFTER, middle - spread, middle + spread, alpha=0.2)
        ax.set(title=setting, xlabel='trials', xscale='log', xticks=[1, 2, 4, 10, 20, 40], ylim=(0, None))
        ax.set_xticklabels([1, 2, 4, 10, 20, 40])
        ax.grid(alpha=0.3)
    axes[0][0].set_ylabel('regret (points of clean accuracy)')
    axes[0][-1].legend()
    with replace_file(path, 'wb') as file:
        figure.savefig(file, dpi=110, format='png')


if __name__ == '__main__':
    main()
