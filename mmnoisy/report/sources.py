"""What the folder of an audit or of a run holds for a page."""

import csv
import json
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from .samples import Samples, read_samples


class Source(NamedTuple):
    """A folder that a page tells about; parts that it does not have are empty or None.

    Args:
        folder (Path): The folder.
        name (str): What the page calls it.
        audit (dict): ``audit.json``.
        summary (dict): ``summary.json`` of a run.
        history (list[dict]): Rows of ``history.csv``: epoch and what was measured, as numbers.
        samples (Samples, optional): ``issues.csv``, or else ``samples.csv``.
        neighbours (dict): ``neighbours.json``: ``source_idx`` as text -> list of dict(path, label, similarity).
        config (Path, optional): The run's dumped config.
        fits (list[Path]): Histograms with the last fitted mixture, one a network.
    """

    folder: Path
    name: str
    audit: dict
    summary: dict
    history: List[Dict[str, float]]
    samples: Optional[Samples]
    neighbours: dict
    config: Optional[Path]
    fits: List[Path]

    @property
    def is_run(self) -> bool:
        """Whether a network was trained here."""
        return bool(self.summary or self.history)


def read_source(folder) -> Source:
    """Read the folder of an audit or of a run.

    Raises:
        FileNotFoundError: No such folder.
        ValueError: It holds neither an audit nor a run, or a file in it is broken; the message names it.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder} is no folder. Name the folder of an audit or the work dir of a run.')
    tables = [folder / name for name in ('issues.csv', 'samples.csv') if (folder / name).is_file()]
    history = folder / 'history.csv'
    if not tables and not history.is_file():
        raise ValueError(
            f'{folder} holds neither an audit (issues.csv) nor a run (history.csv, samples.csv). '
            'Name the folder that `mmnoisy audit`, `mmnoisy train` or `mmnoisy search` wrote.'
        )
    audit, summary = _read_json(folder / 'audit.json'), _read_json(folder / 'summary.json')
    if (folder / 'audit.json').is_file() and not audit.get('classes'):
        raise ValueError(f'{folder / "audit.json"} names no classes: it is no audit. Run `mmnoisy audit` again.')
    return Source(
        folder=folder,
        name='/'.join(folder.parts[-2:]),
        audit=audit,
        summary=summary,
        history=_read_history(history) if history.is_file() else [],
        samples=read_samples(tables[0], audit.get('classes')) if tables else None,
        neighbours=_read_json(folder / 'neighbours.json'),
        config=_config(folder, summary),
        fits=_last_fits(folder / 'division'),
    )


def read_sources(folders) -> List[Source]:
    """Read several folders; those of the same name are told apart by as many parents as it takes.

    Raises:
        FileNotFoundError, ValueError: As :func:`read_source`; also where a folder is named twice.
    """
    sources = [read_source(folder) for folder in folders]
    parts = [source.folder.parts for source in sources]
    if len(set(parts)) < len(parts):
        twice = next(source.folder for source in sources if parts.count(source.folder.parts) > 1)
        raise ValueError(f'{twice} is named twice. Name each folder once.')
    depth = 1 if len(sources) > 1 else 2
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return [source._replace(name='/'.join(part[-depth:])) for source, part in zip(sources, parts)]


def _read_json(path: Path) -> dict:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} cannot be read: {error}. Write it anew with the command that made it.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path} must hold a JSON object. Write it anew with the command that made it.')
    return content


def _read_history(path: Path) -> List[Dict[str, float]]:
    with path.open(newline='', encoding='utf-8') as file:
        try:
            return [
                {key: float(value) for key, value in row.items() if value and key != 'memorised_by'}
                for row in csv.DictReader(file)
            ]
        except (TypeError, ValueError) as error:
            raise ValueError(f'{path} holds something else than numbers: {error}.') from error


def _config(folder: Path, summary: dict) -> Optional[Path]:
    """The dumped config: by the name in the summary, or the only Python file of the folder."""
    name = Path(str(summary.get('config') or '')).name
    if name and (folder / name).is_file():
        return folder / name
    found = sorted(folder.glob('*.py'))
    return found[0] if len(found) == 1 else None


def _last_fits(folder: Path) -> List[Path]:
    """Plots of the last epoch that has any, one a network."""
    plots = {}
    for path in folder.glob('epoch_*_net*.png'):
        match = re.fullmatch(r'epoch_(\d+)_net(\d+)\.png', path.name)
        if match:
            plots.setdefault(int(match[1]), []).append((int(match[2]), path))
    return [path for _, path in sorted(plots[max(plots)])] if plots else []
