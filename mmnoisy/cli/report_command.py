"""``mmnoisy report``"""

from .. import api


def add_arguments(parser) -> None:
    parser.add_argument('sources', nargs='+', metavar='RUN|AUDIT|SEARCH', help='folders of runs, audits or searches')
    parser.add_argument('--out', help='the page; report.html in the folder of one source, or here for several')


def run(args) -> int:
    out = args.out or ('report.html' if len(args.sources) > 1 else None)
    print(f'Page: {api.report(args.sources, out, say=print)}')
    return 0
