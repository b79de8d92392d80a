"""The page and the picture about the choice of a method by one held-out share and by the pooled shares of several folds."""

from pathlib import Path
from typing import List, Optional

from ..files import replace_file
from .fold_choice import FoldChoice, HowWell
from .page import error_text, table
from .store import Store


def fold_page(store: Store, found: List[FoldChoice], picture: str) -> str:
    """The page of ``docs/``, with the name of its picture."""
    suite = store.suite
    done = len(store.results())
    parts = [
        '---\norphan: true\n---',
        f'# One held-out share or out-of-fold predictions to choose the method? {suite.title}',
        *([suite.note.strip()] if suite.note else []),
        f'{done} of {len(suite.cells)} runs are finished: each method is trained {suite.folds} times for a noise and a seed, and '
        'each time another share of the samples is held out with its noisy labels. *One split* judges the methods by the share of '
        'one fold; *out of folds* by predictions of all folds together, each by the network that has not seen the sample: '
        f'{suite.folds} times the training. Where both have as many labels, only what they come from differs: one network, or '
        f'{suite.folds}. Every method is judged on the same labels.',
        'Tau is between the accuracy on these labels and the accuracy on clean test images over the methods (1 is the same order, '
        '0 is chance); regret is how many points of clean accuracy the method that the labels choose loses to the best one. The '
        'clean accuracy of a method is its mean over the folds, each at the epoch that its own labels choose. Means over disjoint '
        'sets of labels and over random draws from them, ± the standard error over the sets and seeds; of all labels together, '
        'which are one set a seed, ± that of a bootstrap over the labels. The sets out of folds share their networks, so their '
        'standard error is of the labels alone.',
        *(_section(store, entry) for entry in found),
        f'![Regret by the number of noisy validation labels]({picture})',
    ]
    return '\n\n'.join(parts) + '\n'


def _section(store: Store, entry: FoldChoice) -> str:
    titles = {name: options.get('title', name) for name, options in store.suite.methods.items()}
    sizes = sorted({*entry.split, *entry.pooled})
    rows = [[f'{size:,}', *_texts(entry.split.get(size)), *_texts(entry.pooled.get(size))] for size in sizes]
    head = ['labels', 'tau, one split', 'regret', 'tau, out of folds', 'regret']
    chosen = '; '.join(f'{titles[name]} ({entry.chosen.count(name)})' for name in dict.fromkeys(entry.chosen))
    plan = {cell.method for cell in store.suite.cells if cell.noise == entry.noise}
    lacking = [
        title for name, title in titles.items() if name in plan - {*entry.methods, store.suite.by_role('ceiling')}
    ]
    text = (
        f'{len(entry.methods)} methods: {"; ".join(titles[name] for name in entry.methods)}. Seeds: '
        f'{", ".join(map(str, entry.seeds))}. All labels together choose: {chosen}.'
    )
    if lacking:
        text += f' Left out, as not all folds are run: {"; ".join(lacking)}.'
    return f'## {entry.noise}\n\n{text}\n\n{table(head, rows)}'


def _texts(judged: Optional[HowWell]) -> List[str]:
    if judged is None:
        return ['', '']
    return [error_text(judged.tau, judged.tau_error, 2), error_text(judged.regret, judged.regret_error, 2)]


def draw_fold_choices(found: List[FoldChoice], path) -> None:
    """Regret by the number of labels, two lines a noise."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout='constrained')
    for number, entry in enumerate(found):
        for judged, style, title in ((entry.split, 'o--', 'one split'), (entry.pooled, 'o-', 'out of folds')):
            errors = [one.regret_error or 0 for one in judged.values()]
            values = [one.regret for one in judged.values()]
            label = f'{entry.noise}, {title}'
            axes.errorbar(list(judged), values, errors, fmt=style, color=f'C{number}', capsize=3, label=label)
    axes.set(xscale='log', xlabel='Noisy validation labels', ylabel='Regret (points of clean accuracy)')
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    with replace_file(Path(path), 'wb') as file:
        figure.savefig(file, dpi=110, format='png')
    plt.close(figure)
