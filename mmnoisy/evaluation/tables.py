"""Everything that shows figures of ``results.json``: metafiles, tables of the READMEs, the model index."""

import re
from pathlib import Path
from typing import Dict, List

import yaml

from .method_parts import MethodParts
from .results_file import ACCURACIES, DETECTION, METRICS, Figure, entries_of, figure, read_results

HEAD = '<!-- {}: written by tools/tables.py -->'
END = '<!-- {}: end -->'
NETWORKS = {
    'cnn3': 'CNN3',
    'cnn8': 'CNN8',
    'cnn9': 'CNN9',
    'inception-resnet-v2': 'Inception-ResNet-v2',
    'preact-resnet18': 'PreAct-ResNet-18',
    'resnet18': 'ResNet-18',
    'resnet34': 'ResNet-34',
    'resnet50': 'ResNet-50',
    'vgg19-bn': 'VGG-19-BN',
    'wrn28-10': 'WRN-28-10',
}
DATA = {
    'animal10n': 'ANIMAL-10N',
    'cifar100': 'CIFAR-100',
    'cifar10': 'CIFAR-10',
    'clothing1m': 'Clothing1M',
    'csv': 'a CSV file',
    'digits': 'digits',
    'fashion-mnist': 'Fashion-MNIST',
    'image-folder': 'class folders',
    'mini-webvision': 'mini-WebVision',
}


def number(figure: Figure, metric: str) -> str:
    """The mean as it is printed."""
    _, decimals, scale = METRICS[metric]
    return f'{scale * figure.mean:.{decimals}f}'


def cell(figure: Figure, metric: str, seeds: List[int]) -> str:
    """The mean and each seed's value; the seeds where they are not those of the row."""
    if figure is None:
        return ''
    _, decimals, scale = METRICS[metric]
    text = number(figure, metric)
    if figure.each and len(figure.each) > 1:
        text += f' ({", ".join(f"{scale * one:.{decimals}f}" for one in figure.each)})'
    if figure.seeds != seeds:
        text += f' (seed {", ".join(map(str, figure.seeds))})'
    return text


def results_table(results: dict, configs: List[str]) -> str:
    """The table of a method's README: a row for each config that was run, and the names of those that were not."""
    rows = {}
    for entry in (*results['means'], *results['runs']):
        config, noise = entry['config'], entry.get('noise')
        label = f'`{config}`' + (f' `{" ".join(f"{k}={v}" for k, v in noise.items())}`' if noise else '')
        seeds = [run['seed'] for run in entries_of(results, config, noise)] or entry['seeds']
        rows[label] = (seeds, {metric: figure(results, config, metric, noise) for metric in METRICS})
    lines = []
    if rows:
        shown = [metric for metric in METRICS if any(figures[metric] for _, figures in rows.values())]
        draws = ', '.join(map(str, sorted({run['noise_seed'] for run in results['runs']})))
        lines += [
            f'Test accuracy in percent: mean over the seeds, and each seed in brackets. Noise seed: {draws}.',
            *([_legend(shown)] if set(shown) & set(DETECTION) else []),
            '',
            '| config | seeds | ' + ' | '.join(METRICS[metric].title for metric in shown) + ' |',
            '| --- ' * (2 + len(shown)) + '|',
        ]
        for label, (seeds, figures) in sorted(rows.items()):
            cells = [label, ', '.join(map(str, seeds)), *(cell(figures[metric], metric, seeds) for metric in shown)]
            lines.append('| ' + ' | '.join(cells) + ' |')
        lines.append('')
    not_run = sorted(set(configs) - {entry['config'] for entry in (*results['means'], *results['runs'])})
    if not_run:
        lines.append('Not run: ' + ', '.join(f'`{name}`' for name in not_run) + '.')
    return '\n'.join(lines).strip()


def _legend(shown: List[str]) -> str:
    meanings = {
        'auc': 'AUC of the score',
        'precision': 'precision, recall and F1 of the flags',
        'label_precision': 'label precision, the share of right labels among the samples that are not flagged',
        'suggested_accuracy': 'suggested labels that are right, flagged or not',
    }
    return f'Of the training samples, last epoch: {"; ".join(meanings[key] for key in meanings if key in shown)}.'


def metafile(method: str, results: dict, configs: Dict[str, dict]) -> str:
    """The content of a method's ``metafile.yml``."""
    collection = dict(Name=results['name'], README=f'configs/{method}/README.md')
    if results['paper']:
        collection['Paper'] = dict(URL=results['paper']['url'], Title=results['paper']['title'])
    models = [_model(method, name, cfg, results) for name, cfg in configs.items()]
    text = yaml.safe_dump(
        dict(Collections=[collection], Models=models), sort_keys=False, allow_unicode=True, width=1000
    )
    return f'# Written by tools/tables.py from results.json.\n{text}'


def _model(method: str, name: str, cfg: dict, results: dict) -> dict:
    network, _, data = re.fullmatch(r'.+_([a-z0-9-]+)_(\d+)e_([a-z0-9-]+)', name).groups()
    known = max((key for key in DATA if data == key or data.startswith(f'{key}-')), key=len, default=data)
    noise = re.sub(r'(\d+)perclass', r'\1 labels per class', data[len(known) :].lstrip('-'))
    model = {
        'Name': name,
        'In Collection': results['name'],
        'Config': f'configs/{method}/{name}.py',
        'Metadata': {
            'Architecture': ('Two ' if 'network' in cfg['model'] else '') + NETWORKS.get(network, network),
            'Epochs': cfg['train_cfg']['max_epochs'],
            'Training Data': DATA.get(known, known) + (f', {noise}' if noise else ''),
        },
    }
    metrics = {}
    for metric in ('last', 'at_best_val'):
        found = figure(results, name, metric)
        if found:
            title = f'Top 1 Accuracy ({ACCURACIES[metric].title}, mean of seeds {", ".join(map(str, found.seeds))})'
            metrics[title] = float(number(found, metric))
    if metrics:
        model['Results'] = [dict(Task='Image Classification', Dataset=DATA.get(known, known), Metrics=metrics)]
    return model


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
        return _with_seed(found, metric)

    return re.sub(r'\{([a-z0-9_-]+):(\w+)\}', put, note)


def _with_seed(found: Figure, metric: str) -> str:
    text = number(found, metric) + (' %' if METRICS[metric].title.endswith('%') else '')
    return text + (f' (seed {found.seeds[0]})' if len(found.seeds) == 1 else '')


def methods_table(text: str, everything: Dict[str, dict]) -> str:
    """The root README with the figure and the note of each method's row (the row that links ``configs/<method>``).

    Raises:
        ValueError: A method has no row.
    """

    def row(match):
        results = everything[match[2]]
        found = figure(results, results['headline'], 'last')
        shown = _with_seed(found, 'last') if found else 'not run'
        return f'{match[1]} {shown} | {fill_note(results["note"], everything)} |'

    pattern = r'(?m)^(\| [^|\n]+ \| \[\w+\]\(configs/(\w+)\) \|).*\|$'
    listed = {match[2] for match in re.finditer(pattern, text)}
    missing = {method for method, results in everything.items() if results['headline']} - listed
    if missing:
        raise ValueError(f'README.md: the table of methods has no row for {", ".join(sorted(missing))}.')
    return re.sub(pattern, row, text)


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
    files[root / 'README.md'] = methods_table((root / 'README.md').read_text(encoding='utf-8'), everything)
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
