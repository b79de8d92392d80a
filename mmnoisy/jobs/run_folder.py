"""What a run's folder holds: its config, its best checkpoint, and the run that won where several were trained."""

import json
import re
from pathlib import Path
from typing import NamedTuple, Optional

from mmengine.config import Config


class Run(NamedTuple):
    """A trained run.

    Args:
        folder (Path): Its folder; of the winner, where the folder that was named holds several runs.
        cfg (Config): Its whole config.
        config (Path): The file of it.
        checkpoint (Path): That of the epoch that is best on noisy validation, else the last one.
    """

    folder: Path
    cfg: Config
    config: Path
    checkpoint: Path


def find_run(folder) -> Run:
    """Read a run's folder.

    Raises:
        FileNotFoundError: No such folder, or no config or checkpoint in it or in what it holds (see the module).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder} is no folder: name the one that `mmnoisy train` wrote.')
    named = folder
    inside: Optional[Path] = folder
    while inside is not None:
        folder, inside = inside, trained_inside(inside)
    configs = sorted(folder.glob('*.py'), key=lambda path: path.stat().st_mtime)
    checkpoint = best_checkpoint(folder)
    if not configs or checkpoint is None:
        what = 'checkpoint' if configs else 'config'
        raise FileNotFoundError(f'{named} holds no finished run: there is no {what} in {folder}.')
    cfg = Config.fromfile(configs[-1])
    without_downloads(cfg.model)
    return Run(folder, cfg, configs[-1], checkpoint)


def trained_inside(folder: Path) -> Optional[Path]:
    """Where what a folder trained is: an auto's winner, a recipe's last stage, a search's refit; None: in the folder itself."""
    if (folder / 'auto.json').is_file():
        return winner(folder)
    if stages(folder):
        return stages(folder)[-1]
    for name in ('refit', 'run'):
        if (folder / name).is_dir() and best_checkpoint(folder) is None:
            return folder / name
    return None


def stages(folder: Path) -> list:
    """Folders of the stages of a recipe that trained, in their order."""
    found = [path for path in folder.glob('[0-9]*_*') if path.is_dir() and any(path.glob('*.py'))]
    return sorted(found, key=lambda path: int(re.match(r'\d+', path.name)[0]))


def winner(folder: Path) -> Path:
    """Folder of the run that ``--method auto`` chose.

    Raises:
        ValueError: Its file is damaged, or names something outside the folder.
    """
    try:
        name = json.loads((folder / 'auto.json').read_text(encoding='utf-8'))['winner']
        found = folder / name
        if '/' in name or name in ('', '.', '..') or not found.is_dir():
            raise ValueError(f'{name!r} is no folder in it')
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{folder / "auto.json"} is damaged ({error}): train again.') from error
    return found


def auto_runs(folder) -> list:
    """Folders of the runs that ``--method auto`` compared; none where the folder is of something else."""
    folder = Path(folder)
    if not (folder / 'auto.json').is_file():
        return []
    names = [run['folder'] for run in json.loads((folder / 'auto.json').read_text(encoding='utf-8'))['runs'].values()]
    return [folder / name for name in names if '/' not in name and (folder / name).is_dir()]


def best_checkpoint(folder: Path):
    """The checkpoint that is best on noisy validation, else that of the last epoch; None without any."""
    for pattern in ('best_*.pth', 'epoch_*.pth', 'iter_*.pth'):
        found = sorted(folder.glob(pattern), key=lambda path: int((re.findall(r'\d+', path.stem) or ['0'])[-1]))
        if found:
            return found[-1]
    return None


def is_used(folder) -> bool:
    """Whether a folder holds anything of an earlier run."""
    folder = Path(folder)
    return folder.is_dir() and any(folder.iterdir())


def without_downloads(node) -> None:
    """The checkpoint has the weights: the published ones need not be fetched."""
    if isinstance(node, dict):
        if node.get('type') == 'mmnoisy.PretrainedBackbone':
            node['weights'] = False
        if node.get('type') == 'mmnoisy.FeatureProbe':
            node['bank'] = None
        for value in node.values():
            without_downloads(value)
