"""Write metafiles, the model index and the tables of all READMEs from ``configs/*/results.json``."""

from argparse import ArgumentParser
from pathlib import Path

from mmnoisy.evaluation.tables import write_tables

if __name__ == '__main__':
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='write nothing; fail where a file differs')
    check = parser.parse_args().check
    different = write_tables(Path(__file__).resolve().parent.parent, check)
    print('\n'.join(different) or 'All tables are those of results.json.')
    if check and different:
        raise SystemExit('These files differ from results.json: run `python tools/tables.py`.')
