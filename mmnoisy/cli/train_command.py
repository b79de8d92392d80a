"""``mmnoisy train``"""

from .. import api
from ..console import console, header, table, without_log
from .reading import add_data, budget_option, quoted, reading

_METHODS = ('auto', 'ce', 'gce', 'elr', 'coteaching', 'dividemix', 'aum', 'ssr', 'smp')


def add_arguments(parser) -> None:
    add_data(parser)
    parser.add_argument('overrides', nargs='*', metavar='KEY=VALUE', help='entries of the config')
    parser.add_argument(
        '--method',
        default='auto',
        help=f'{", ".join(_METHODS)}; auto, the default, audits first and compares. mmnoisy list methods has a line about each',
    )
    parser.add_argument('--work-dir', help='folder of the output; work_dirs/<data>-<method> by default')
    parser.add_argument('--test', metavar='DATA', help='test images with right labels; they choose nothing')
    parser.add_argument(
        '--backbone',
        help='efficientnet_lite0 (default where installed), timm:NAME, mmpretrain:NAME, or resnet18 from scratch',
    )
    parser.add_argument(
        '--pretrained',
        nargs='?',
        const=True,
        metavar='FILE',
        help='start from published weights (default), or from a file',
    )
    parser.add_argument('--scratch', action='store_true', help='start from random weights')
    parser.add_argument(
        '--frozen', action='store_true', help="train a linear classifier on the backbone's features: seconds"
    )
    parser.add_argument('--size', type=int, help='pixels of the images; from the data by default, 128 at most')
    parser.add_argument('--epochs', type=int, help='10 to 30 to fine-tune, 30 from scratch, 40 on features by default')
    parser.add_argument('--batch-size', type=int, help='the learning rate follows it')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--budget',
        metavar='TIME',
        help='of auto: also search for the best combination, and train it: 10m, 200ep (epochs) or 40t (trials). It is that of '
        'the search alone: the audit before it, and the trainings of the robust loss, of the combination and of plain cross '
        'entropy, come on top. Without it nothing is searched',
    )
    parser.add_argument('--workers', type=int, help='processes that load images')
    parser.add_argument('--resume', action='store_true', help='go on with the run in the work dir')
    parser.add_argument('--verbose', action='store_true', help="mmengine's log in place of the bar")


def run(args) -> int:
    console()
    _check_overrides(args.overrides)
    names = ('backbone', 'pretrained', 'scratch', 'frozen', 'size', 'epochs', 'batch_size', 'seed')
    options = {name: getattr(args, name) for name in names}
    options['budget'] = budget_option(args.budget)
    options['workers'] = _workers() if args.workers is None else args.workers
    console().print(f'Reading {args.data} ...')
    with without_log(args.verbose):
        folder = api.train(
            args.data,
            args.work_dir,
            method=args.method,
            test=args.test,
            overrides=args.overrides,
            resume=args.resume,
            console=not args.verbose,
            say=console().print,
            reading=reading(args),
            begin=lambda job, chosen: _header(job, chosen, args.method),
            **options,
        )
    _result(folder)
    console().print(f'Next: mmnoisy predict {quoted(folder)} IMAGES...')
    console().print(f'      mmnoisy report {quoted(folder)}')
    return 0


def _check_overrides(overrides) -> None:
    for text in overrides:
        if '=' not in text or text.startswith('='):
            raise ValueError(f'{text!r} is not KEY=VALUE, such as optim_wrapper.optimizer.lr=0.02.')


def _workers() -> int:
    import os

    return min(4, os.cpu_count() or 1)


def _header(job, options, method: str) -> None:
    import torch

    data, splits = job.data, {}
    for split in data.split:
        splits[split] = splits.get(split, 0) + 1
    counts = ', '.join(f'{split} {count:,}' for split, count in splits.items())
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f'CPU, {torch.get_num_threads()} threads'
    known = 'compared with plain cross entropy; ' if method == 'auto' else ''
    header(
        [
            ('data', f'{data.source} ({counts})'),
            (
                'classes',
                f'{len(data.classes)}: {", ".join(data.classes[:12])}{", ..." if len(data.classes) > 12 else ""}',
            ),
            (
                'noise',
                'not known; the audit estimates it' if method == 'auto' else 'not known (mmnoisy audit estimates it)',
            ),
            ('method', f'{method} ({known}{options.epochs} epochs, {options.size} px, seed {options.seed})'),
            ('network', options.describe()),
            ('test', job.test.source if job.test is not None else 'part of the data' if 'test' in splits else 'none'),
            ('epoch', 'chosen on noisy validation' + ('' if 'val' in splits else ', a tenth of the images')),
            ('device', device),
            ('output', job.work_dir),
        ]
    )
    for note in data.notes:
        console().print(f'note      {note}')


def _result(folder) -> None:
    from ..jobs.run_folder import auto_runs, winner
    from ..jobs.training import summary

    runs = auto_runs(folder) or [folder]
    rows = []
    for run_folder in runs:
        told = summary(run_folder)
        keys = ('epochs', 'val_accuracy_best', 'test_accuracy_at_best_val', 'test_accuracy_last', 'train_seconds')
        rows.append((run_folder.name, *(told.get(key) for key in keys)))
    table(('run', 'epochs', 'best val', 'test at best val', 'test last', 'seconds'), rows)
    if auto_runs(folder):
        best = winner(folder).name
        values = {run_folder.name: summary(run_folder).get('val_accuracy_best') for run_folder in runs}
        equal = [name for name, value in values.items() if name != best and value == values[best]]
        tie = f', as good as {" and ".join(equal)}' if equal else ''
        console().print(f'Best on noisy validation: {best}{tie}. It predicts.')
