"""Everything that shows figures of ``results.json``: metafiles, tables of the READMEs, the model index."""

import csv
import re
from pathlib import Path
from typing import Dict, List

from .metafile import metafile
from .method_parts import MethodParts
from .results_file import METRICS, figure, read_results
from .results_table import results_table, with_seed

HEAD = '<!-- {}: written by tools/tables.py -->'
END = '<!-- {}: end -->'
#: What of the features track the table of methods shows, as ``noise`` of a run, and the end of its configs' names.
PHOTOS = (dict(data='cifar10-20k', label='worse_label'), dict(data='cifar10-20k', kind='symmetric', rate=0.5))
PROBE = '_probe_40e_features'


def put_block(text: str, name: str, content: str) -> str:
    """Replace what is between the markers of a block.

    Raises:
        ValueError: The text has no such block.
    """
    head, end = HEAD.format(name), END.format(name)
    if text.count(head) != 1 or text.count(end) != 1 or text.index(head) > text.index(end):
        raise ValueError(f'it needs the line {head!r}, and {end!r} below it, once each.')
    return text[: text.index(head)] + f'{head}\n{content}\n' + text[text.index(end) :]


def fill_note(note: str, everything: Dict[str, dict]) -> str:
    """Put figures into the ``{config:metric}`` of a note; a seed is named unless it is the mean of several."""

    def put(match):
        config, metric = match.groups()
        owners = [results for results in everything.values() if any(run['config'] == config for run in results['runs'])]
        found = figure(owners[0], config, metric) if owners and metric in METRICS else None
        if found is None:
            raise ValueError(f'the note {note!r} asks for {match[0]}, which no results.json has.')
        return with_seed(found, metric)

    return re.sub(r'\{([a-z0-9_-]+):(\w+)\}', put, note)


def methods_table(text: str, everything: Dict[str, dict]) -> str:
    """The root README with the figure and the note of each method's row (the row that links ``configs/<method>``).

    Raises:
        ValueError: A method has no row.
    """

    def row(match):
        results = everything[match[2]]
        found = figure(results, results['headline'], 'last')
        shown = with_seed(found, 'last') if found else 'not run'
        return ' | '.join([f'{match[1]} {shown}', *photo_cells(results), f'{fill_note(results["note"], everything)} |'])

    pattern = r'(?m)^(\| [^|\n]+ \| \[\w+\]\(configs/(\w+)\) \|).*\|$'
    listed = {match[2] for match in re.finditer(pattern, text)}
    missing = {method for method, results in everything.items() if results['headline']} - listed
    if missing:
        raise ValueError(f'README.md: the table of methods has no row for {", ".join(sorted(missing))}.')
    return re.sub(pattern, row, text)


def photo_cells(results: dict) -> List[str]:
    """A method's figures under :data:`PHOTOS`, of the variant that is the headline's or else of the only one; '' for none."""
    configs = sorted({run['config'] for run in results['runs'] if run['config'].endswith(PROBE)})
    own = (results['headline'] or '').split('_cnn3_')[0] + PROBE
    chosen = own if own in configs or len(configs) != 1 else configs[0]
    found = [figure(results, chosen, 'last', noise) for noise in PHOTOS]
    return ['' if one is None else with_seed(one, 'last') for one in found]


def short_table(path: Path) -> str:
    """The README's table of a benchmark: accuracies at the last epoch of the methods that ran under every noise.

    Args:
        path (Path): The csv file that ``tools/benchmark.py collect`` wrote.
    """
    with path.open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    noises = list(dict.fromkeys(row['noise'] for row in rows))
    cells: Dict[str, Dict[str, str]] = {}
    for row in rows:
        if row['last_mean']:
            spread = f' ± {float(row["last_std"]):.1f}' if row['last_std'] else ''
            cells.setdefault(row['title'], {})[row['noise']] = f'{float(row["last_mean"]):.1f}{spread}'
    lines = ['| method | ' + ' | '.join(noises) + ' |', '| --- ' * (len(noises) + 1) + '|']
    for title, found in cells.items():
        if len(found) == len(noises):
            lines.append(f'| {title} | ' + ' | '.join(found[noise] for noise in noises) + ' |')
    return '\n'.join(lines)


def generated(root: Path) -> Dict[Path, str]:
    """Every file that holds figures, as it has to be.

    Args:
        root (Path): The repository.

    Returns:
        dict[Path, str]: File to its whole content.

    Raises:
        ValueError: A ``results.json`` or a README cannot be read; the message names it.
    """
    parts = MethodParts(root / 'configs')
    methods = sorted(file.parent.name for file in (root / 'configs').glob('*/README.md'))
    everything = {method: read_results(root / 'configs' / method / 'results.json') for method in methods}
    files = {}
    for method, results in everything.items():
        folder, configs = root / 'configs' / method, parts.read(method)
        text = (folder / 'README.md').read_text(encoding='utf-8')
        try:
            text = put_block(text, 'results', results_table(results, list(configs)))
            by_hand = put_block(text, 'parts', '')
            files[folder / 'README.md'] = put_block(text, 'parts', parts.lines(method, by_hand))
        except ValueError as error:
            raise ValueError(f'{folder / "README.md"}: {error}') from error
        files[folder / 'metafile.yml'] = metafile(method, results, configs)
    index = ''.join(f'  - configs/{method}/metafile.yml\n' for method in methods)
    files[root / 'model-index.yml'] = f'Import:\n{index}'
    readme = methods_table((root / 'README.md').read_text(encoding='utf-8'), everything)
    benchmark = root / 'docs/benchmarks/features.csv'
    if benchmark.is_file():
        readme = put_block(readme, 'benchmark', short_table(benchmark))
    files[root / 'README.md'] = readme
    return files


def write_tables(root: Path, check: bool = False) -> List[str]:
    """Write every file of :func:`generated` that differs, or, to ``check``, none.

    Returns:
        list[str]: The files that differ, below ``root``.
    """
    different = [
        (path, text) for path, text in generated(root).items() if not path.is_file() or path.read_text() != text
    ]
    for path, text in different if not check else ():
        beside = path.with_name(f'{path.name}.new')
        beside.write_text(text, encoding='utf-8')
        beside.replace(path)
    return [str(path.relative_to(root)) for path, _ in different]
