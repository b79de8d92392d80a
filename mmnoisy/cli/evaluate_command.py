"""``mmnoisy evaluate``"""

from .. import api
from ..console import table, without_log
from .reading import add_data, reading


def add_arguments(parser) -> None:
    parser.add_argument('run', metavar='RUN', help='folder that mmnoisy train wrote')
    add_data(parser)
    parser.add_argument('--verbose', action='store_true', help="mmengine's log")


def run(args) -> int:
    print(f'Loading {args.run} ...', flush=True)
    with without_log(args.verbose):
        found = api.evaluate(args.run, args.data, **reading(args))
    for path, reason in found.unreadable.items():
        print(f'Cannot be read: {path}: {reason}')
    table(('class', 'images', 'accuracy'), [tuple(entry.values()) for entry in found.classes])
    print(f'Accuracy: {found.accuracy:.1f} % of {sum(entry["images"] for entry in found.classes):,} images')
    return 0
