"""``mmnoisy fix``"""

from .. import api
from .reading import quoted


def add_arguments(parser) -> None:
    parser.add_argument('audit', metavar='AUDIT', help='folder of an audit')
    parser.add_argument(
        '--policy', choices=['drop', 'relabel', 'weight'], default='drop', help='what becomes of flagged images'
    )
    parser.add_argument('--ticks', help='ticks.csv of the page: what a person said wins')
    parser.add_argument('--out', help='the list to write; clean.csv in the audit by default')
    parser.add_argument('--link', metavar='DIR', help='also make class folders of links to the kept images')


def run(args) -> int:
    found = api.fix(args.audit, args.policy, ticks=args.ticks, out=args.out, link=args.link)
    print(found)
    print(f'{len(found.rows):,} images are listed in {found.out}')
    if found.links:
        print(f'Links: {found.links}')
    print(f'Next: mmnoisy train {quoted(found.out)}')
    return 0
