"""``mmnoisy predict``"""

from collections import Counter
from pathlib import Path

from .. import api
from ..console import table, without_log
from .reading import quoted


def add_arguments(parser) -> None:
    parser.add_argument('run', metavar='RUN', help='folder that mmnoisy train wrote')
    parser.add_argument('images', nargs='+', metavar='IMAGES', help='image files, or folders of them')
    parser.add_argument('--out', default='predictions.csv', help='predictions.csv by default')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--verbose', action='store_true', help="mmengine's log")


def run(args) -> int:
    print(f'Loading {args.run} ...', flush=True)
    with without_log(args.verbose):
        found = api.predict(args.run, args.images, args.out, batch_size=args.batch_size)
    for path, reason in list(found.unreadable.items())[:20]:
        print(f'Cannot be read: {path}: {reason}')
    if len(found.unreadable) > 20:
        print(f'... and {len(found.unreadable) - 20} more that cannot be read')
    if len(found.paths) <= 10:
        table(
            ('image', 'class', 'score'),
            [(path, label, f'{s:.2f}') for path, label, s in zip(found.paths, found.labels, found.scores)],
        )
    else:
        table(('class', 'images'), Counter(found.labels).most_common())
    print(f'{len(found.paths):,} images, {len(found.unreadable):,} unreadable: {args.out}')
    if not Path(args.run, 'report.html').is_file():
        print(f'Next: mmnoisy report {quoted(args.run)}')
    return 0 if found.paths else 1
