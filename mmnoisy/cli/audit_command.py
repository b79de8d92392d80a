"""``mmnoisy audit``"""

import shlex
import sys

from .. import api
from ..console import header, table, without_log
from .reading import add_data, quoted, reading

#: Suspicious images that are printed.
_SHOWN = 5


def add_arguments(parser) -> None:
    add_data(parser)
    parser.add_argument('--out', help='folder of the result; audits/<data> by default')
    parser.add_argument(
        '--judges', nargs='+', metavar='JUDGE', help='probe, knn, dynamics, kfold, or the samples.csv of a run'
    )
    parser.add_argument('--backbone', help='network of the features: efficientnet_lite0, timm:NAME, mmpretrain:NAME')
    parser.add_argument('--weights', help='file of its weights')
    parser.add_argument('--size', type=int, help='pixels of the images for the features; 128 by default')
    parser.add_argument('--precision', choices=['float32', 'bfloat16'], help='of the features; float32 by default')
    parser.add_argument('--seed', type=int, default=0, help='of folds and intervals')
    parser.add_argument('--workers', type=int, help='threads that read images; one a processor')
    parser.add_argument('--verbose', action='store_true', help="mmengine's log")


def run(args) -> int:
    data = api.read_data(args.data, **reading(args))
    out = args.out or api.audit_folder(data)
    header(
        [
            ('data', f'{data.source}: {len(data.paths):,} images'),
            ('classes', ', '.join(data.classes[:20])),
            ('output', out),
        ]
    )
    names = ('judges', 'backbone', 'weights', 'size', 'precision', 'seed', 'workers')
    options = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    command = shlex.join(['mmnoisy', *sys.argv[1:]])
    with without_log(args.verbose):
        found = api.audit(data, out, page=False, command=command, **options)
        page = _page(found.folder)
    _print(found, page)
    return 0


def _page(folder):
    try:
        return api.report(folder)
    except ImportError as error:
        return str(error)


def _print(found, page) -> None:
    issues, rate = found.issues, found.issues.noise.rate
    for path, reason in found.unreadable[:20]:
        print(f'Cannot be read: {path}: {reason}')
    if len(found.unreadable) > 20:
        print(f'... and {len(found.unreadable) - 20} more that cannot be read')
    columns = ('class', 'images', 'flagged', 'estimated wrong')
    rows = []
    for number, name in enumerate(issues.classes):
        members, share = issues.labels == number, issues.noise.by_class.estimate[number]
        rows.append(
            (
                name,
                int(members.sum()),
                int(issues.is_issue[members].sum()),
                '-' if share != share else f'{100 * share:.0f} %',
            )
        )
    table(columns, rows)
    for note in issues.notes:
        print(note)
    header(
        [
            ('wrong', f'{100 * rate.estimate:.1f} % of the labels ({100 * rate.low:.1f} to {100 * rate.high:.1f})'),
            ('flagged', f'{int(issues.is_issue.sum()):,} of {len(issues.labels):,}'),
            ('seconds', found.seconds['total']),
            ('list', found.folder / 'issues.csv'),
            ('page', page),
        ]
    )
    print(f'Next: open the page, then: mmnoisy fix {quoted(found.folder)}')
