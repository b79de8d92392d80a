"""``mmnoisy check``"""

from .. import api
from .reading import add_data, quoted, reading


def add_arguments(parser) -> None:
    add_data(parser)
    parser.add_argument('--limit', type=int, default=20, help='entries of each kind that are printed')
    parser.add_argument('--json', metavar='FILE', help='write all entries to this file')
    parser.add_argument('--workers', type=int, help='threads that read images; one a processor')


def run(args) -> int:
    data = api.read_data(args.data, **reading(args))
    print(f'Reading {len(data.paths):,} images of {len(data.classes)} classes ...', flush=True)
    found = api.check(data, workers=args.workers)
    print(found.text(args.limit))
    if args.json:
        import json
        from pathlib import Path

        Path(args.json).write_text(json.dumps(found.to_dict(), indent=1, ensure_ascii=False, default=str) + '\n')
    print(f'Next: mmnoisy {"audit" if found.problems or found.ok else "check"} {quoted(args.data)}')
    return 0 if found.ok else 1
