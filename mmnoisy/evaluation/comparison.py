"""One table and one plot of several finished or running runs, from what SummaryHook leaves in their work dirs."""

import argparse
import csv
import json
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

COLUMNS = {
    'last': 'test_accuracy_last',
    'at best val': 'test_accuracy_at_best_val',
    'oracle best': 'test_accuracy_oracle_best',
    'train s': 'train_seconds',
}


class Run(NamedTuple):
    """A run's name (its folder), ``summary.json`` (empty while it trains) and rows of ``history.csv``."""

    name: str
    summary: dict
    history: List[dict]

    def curve(self, column: str):
        """Epochs and values of a column of the history; both empty where it was not measured."""
        rows = [row for row in self.history if row.get(column)]
        return [int(row['epoch']) for row in rows], [float(row[column]) for row in rows]


def read_run(work_dir) -> Run:
    """Read a work dir.

    Raises:
        FileNotFoundError: It has no ``history.csv``.
    """
    work_dir = Path(work_dir)
    history = work_dir / 'history.csv'
    if not history.is_file():
        raise FileNotFoundError(
            f'{work_dir} has no history.csv: it is not the work dir of a run with mmnoisy.SummaryHook.'
        )
    with history.open(newline='') as file:
        rows = list(csv.DictReader(file))
    summary = work_dir / 'summary.json'
    return Run(work_dir.resolve().name, json.loads(summary.read_text()) if summary.is_file() else {}, rows)


def table(runs: List[Run]) -> str:
    """Accuracies in percent and seconds of training, one run a line."""
    width = max(len('run'), *(len(run.name) for run in runs))
    lines = ['  '.join([f'{"run":{width}}', 'epochs', *(f'{title:>11}' for title in COLUMNS)])]
    for run in runs:
        values = [run.summary.get(key) for key in COLUMNS.values()]
        cells = [f'{"-" if value is None else format(value, ".1f"):>11}' for value in values]
        epochs = run.summary.get('epochs') or (run.history[-1]['epoch'] if run.history else 0)
        lines.append('  '.join([f'{run.name:{width}}', f'{epochs:>6}', *cells]))
    return '\n'.join(lines)


def plot(runs: List[Run], path) -> None:
    """Write a figure: test accuracy, and the share of wrong training labels that the network reproduces."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout='constrained')
    for run in runs:
        epochs, accuracy = run.curve('test_accuracy')
        (line,) = left.plot(epochs, accuracy, label=run.name, linewidth=1.8)
        best = _best_epoch(run)
        if best in epochs:
            left.plot(best, accuracy[epochs.index(best)], 'o', color=line.get_color(), markeredgecolor='black')
        right.plot(*run.curve('train_memorised'), color=line.get_color(), linewidth=1.8)
    left.plot([], [], 'o', color='white', markeredgecolor='black', label='best on noisy validation')
    left.set(title='Test accuracy', xlabel='Epoch', ylabel='Test accuracy (%)')
    right.set(title='Memorisation', xlabel='Epoch', ylabel='Wrong training labels reproduced (%)', ylim=(-2, 102))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    # Outside: both panels have curves in every corner.
    figure.legend(*left.get_legend_handles_labels(), loc='outside lower center', ncols=6)
    figure.suptitle(_noise_text(runs))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _best_epoch(run: Run):
    epochs, accuracy = run.curve('val_accuracy')
    return epochs[accuracy.index(max(accuracy))] if epochs else None


def _noise_text(runs: List[Run]) -> str:
    texts = set()
    for run in runs:
        noise = run.summary.get('noise') or {}
        if noise.get('realised_rate') is not None:
            texts.add(
                f'{noise["kind"]} noise, {100 * noise["realised_rate"]:.1f} % of {noise["num_samples"]} labels wrong'
            )
    return texts.pop() if len(texts) == 1 else ''


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Print the table and, if asked for, write the plot."""
    parser = argparse.ArgumentParser(description='Compare runs: a table on the screen and, if asked for, a plot.')
    parser.add_argument('work_dirs', nargs='+', help='work dirs of runs')
    parser.add_argument('--plot', metavar='FILE', help='write the curves to this .png, .pdf or .svg file')
    args = parser.parse_args(argv)
    try:
        runs = [read_run(work_dir) for work_dir in args.work_dirs]
    except FileNotFoundError as error:
        parser.error(str(error))
    print(table(runs))
    if args.plot:
        plot(runs, args.plot)
        print(f'Curves: {args.plot}')
