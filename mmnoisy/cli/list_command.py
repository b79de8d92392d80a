"""``mmnoisy list``"""

from .. import api

_KINDS = ('methods', 'losses', 'hooks', 'noises', 'backbones', 'configs')


def add_arguments(parser) -> None:
    parser.add_argument('kind', nargs='?', default='methods', choices=_KINDS, help='methods by default')


def run(args) -> int:
    entries = api.listing(args.kind)
    width = min(40, max(len(name) for name, _ in entries))
    for name, about in entries:
        print(f'{name:<{width}}  {about}'.rstrip())
    return 0
