"""``mmnoisy search``"""

from pathlib import Path

from ..console import console, table, without_log
from .reading import add_data, budget_option, quoted, reading


def add_arguments(parser) -> None:
    add_data(parser)
    parser.add_argument('--work-dir', help='folder of the output; work_dirs/<data>-search by default')
    parser.add_argument(
        '--budget',
        default='10m',
        metavar='TIME',
        help='of the search: 10m (default), 200ep (epochs) or 40t (trials); the confirmation and the refit come on top',
    )
    parser.add_argument('--fine', action='store_true', help='train whole networks, not classifiers on frozen features')
    parser.add_argument('--backbone', help='as in mmnoisy train')
    parser.add_argument('--test', metavar='DATA', help='test images with right labels; they choose nothing')
    parser.add_argument(
        '--trusted',
        metavar='DATA',
        help='images with right labels: they judge in place of noisy ones and are not trained on',
    )
    parser.add_argument('--epochs', type=int, help='of a trial; 20 on features by default')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--sampler', choices=['tpe', 'random'], default='tpe', help='multivariate TPE, or random search'
    )
    parser.add_argument('--portfolio-only', action='store_true', help='try the portfolio and nothing else')
    parser.add_argument('--confirm', type=int, default=3, help='best trials that are trained again, with fresh seeds')
    parser.add_argument(
        '--refit-epoch',
        choices=('median', 'label_wave'),
        default='median',
        help="last epoch of the training on all images: the median of the finalist's best ones, or Label Wave's",
    )
    parser.add_argument('--ensemble', type=int, default=0, metavar='K', help='also an ensemble of the best K')


def run(args) -> int:
    from ..jobs.combination import search_data

    names = ('fine', 'backbone', 'test', 'trusted', 'epochs', 'workers', 'seed', 'sampler', 'portfolio_only')
    options = {name: getattr(args, name) for name in (*names, 'confirm', 'ensemble', 'refit_epoch')}
    options['budget'] = budget_option(args.budget)
    with without_log(False):
        found = search_data(args.data, args.work_dir, say=console().print, reading=reading(args), **options)
    rows = [
        (i, entry.number, entry.value, entry.seconds, str(entry.choice))
        for i, entry in enumerate(found.board.entries[:10], 1)
    ]
    table(('rank', 'trial', found.judged.by, 'seconds', 'combination'), rows)
    folder = Path(found.best).parent
    if (folder / 'refit').is_dir():
        console().print(f'Next: mmnoisy predict {quoted(folder)} IMAGES...')
    # The modules of tools/: there is no such folder where a wheel is installed.
    console().print(
        f'To train it again: python -m mmnoisy.stages {quoted(found.best)}  (into {quoted(folder / "best")})'
    )
    console().print(f'Which part helps:  python -m mmnoisy.search.ablation {quoted(found.best)}')
    return 0
