"""Choose the portfolio of a space from the stored trials of grids, and from runs of the benchmark.

    python tools/analysis_tools/choose_portfolio.py features GRID_FOLDER [GRID_FOLDER ...] [--benchmark FOLDER]

By noisy validation accuracy alone; of grids it is that of a search, in which classes count alike. Writes
`mmnoisy/search/portfolio.json`; other spaces' portfolios in it are kept.
"""

import argparse
import json
from pathlib import Path

import mmnoisy
from mmnoisy.files import write_json
from mmnoisy.search.choice import to_dict
from mmnoisy.search.grid import table
from mmnoisy.search.portfolio import FILE, choose, methods_table
from mmnoisy.search.replay import rejudged
from mmnoisy.search.space import find_space, read_space


def merged(tables):
    """Grids of one space as one table."""
    found = {}
    for place, table_of_one in enumerate(tables):
        for setting, trials in table_of_one.items():
            found.setdefault(setting, {}).update(
                {(place, number): rejudged(result) for number, result in trials.items()}
            )
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('space')
    parser.add_argument('grids', nargs='*', help='folders of `tools/search.py grid`')
    parser.add_argument('--benchmark', nargs='*', default=[], help='folders of `tools/benchmark.py`')
    parser.add_argument(
        '--results', action='store_true', help='take configs/*/results.json where nothing else is stored'
    )
    parser.add_argument('--without', help='a setting that is not looked at: a search of it is to be judged')
    parser.add_argument('--size', type=int, default=8)
    parser.add_argument('--out', type=Path, default=Path(mmnoisy.__file__).parent / 'search' / FILE)
    args = parser.parse_args()
    space = read_space(find_space(args.space))
    tables = [merged([table(grid) for grid in args.grids])] if args.grids else []
    tables += [methods_table(space, folder) for folder in args.benchmark]
    tables += [methods_table(space, None)] if args.results else []
    for number, found in enumerate(tables):
        print(f'{number}: ' + (', '.join(f'{name} {len(trials)}' for name, trials in found.items()) or 'nothing'))
    chosen = choose(tables, without=args.without, size=args.size)
    stored = json.loads(args.out.read_text(encoding='utf-8')) if args.out.is_file() else {}
    stored[space.name] = [to_dict(choice) for choice in chosen]
    write_json(args.out, stored)
    for choice in chosen:
        print(choice)


if __name__ == '__main__':
    main()
