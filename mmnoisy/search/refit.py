"""The winner as an ordinary config, trained on all data; and, by option, an ensemble of the best.

With all data nothing is held out to choose the last epoch by. It is the median of the finalist's best epochs on other folds, or
that of Label Wave (:class:`mmnoisy.LabelWaveHook`), which watches the training itself.
"""

import json
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from ..config import label_noises
from ..files import write_text
from ..run import forget_runs
from ..stages import main
from .choice import Choice, as_file, content, to_dict
from .confirm import Finalist, number_of_folds
from .space import Space

#: What chooses the last epoch.
LAST_EPOCH = ('median', 'label_wave')
#: Epochs of Label Wave's moving average.
_WINDOW = 3


def write_best(path, space: Space, choice: Choice, note: str, options=None, places=None, seed: int = 0) -> Path:
    """The config of a choice for ``tools/train.py``: what a trial is, without what a search adds; with the base's test data.

    It trains into the folder of its own name beside it.
    """
    extra = {**(options or {}), 'randomness.seed': seed, 'work_dir': str(Path(path).resolve().with_suffix(''))}
    whole = dict(content(space, choice, extra, places), search_choice=to_dict(choice))
    write_text(path, as_file(space, whole, path, note, pretty=True))
    return Path(path)


def for_all_data(whole: dict, epoch: int) -> dict:
    """A config that trains on the held-out samples too, up to an epoch of its schedule; it is not validated.

    Where the validation data are given apart, they are not trained on, and choose the epoch as before.
    """
    nodes = list(label_noises([whole['train_dataloader'], whole['val_dataloader']]))
    if not nodes or not nodes[0].get('holdout'):
        return whole
    for node in nodes:
        node.update(holdout=0.0, fold=0)
    # Never measured: what judges samples takes its transforms from there.
    whole['val_dataloader']['dataset']['part'] = 'all'
    whole['train_cfg'].update(max_epochs=epoch, val_begin=epoch + 1)
    checkpoint = whole.get('default_hooks', {}).get('checkpoint', {})
    checkpoint.pop('save_best', None)
    return whole


def without_label_wave(whole: dict) -> str:
    """Why :class:`mmnoisy.LabelWaveHook` cannot watch the training of a config; empty where it can."""
    model = whole['model']
    epochs = whole['train_cfg']['max_epochs']
    if epochs <= _WINDOW + 1:
        return f'{epochs} epochs are too few for its moving average of {_WINDOW}.'
    if 'head' not in model:
        return f'{model["type"]} trains more than one network.'
    if (model.get('train_cfg') or {}).get('augments'):
        return 'a mixed image has no prediction of its own.'
    if any('EMAHook' in hook.get('type', '') for hook in whole.get('custom_hooks') or []):
        return 'the average of an EMAHook cannot be taken back.'
    return ''


def refit(
    folder,
    space: Space,
    finalist: Finalist,
    *,
    options: Optional[dict] = None,
    places: Optional[Dict[str, str]] = None,
    seed: int = 0,
    epoch: str = 'median',
    say: Callable[[str], None] = print,
) -> Path:
    """Train a finalist on all data; returns the run's folder. The same call goes on.

    Args:
        folder (str | Path): Gets ``config.py`` and ``run``.
        space (Space): The space.
        finalist (Finalist): What is trained.
        options, places: As in the search.
        seed (int): Of the training.
        epoch (str): What chooses the last one, ``'median'`` or ``'label_wave'``. Defaults to 'median'.
        say (Callable): Takes lines for the user.
    """
    folder = Path(folder)
    quiet = {
        'log_level': 'WARNING',
        'visualizer': dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]),
        'default_hooks.predictions': dict(type='mmnoisy.PredictionsHook'),
    }
    whole = content(space, finalist.choice, {**(options or {}), **quiet, 'randomness.seed': seed}, places)
    # Images that were given to judge by are never trained on.
    trained_on = 'all data' if number_of_folds(whole) > 1 else 'the training images'
    reason = without_label_wave(whole) if epoch == 'label_wave' else ''
    if epoch == 'label_wave' and not reason:
        whole = for_all_data(whole, whole['train_cfg']['max_epochs'])
        whole['custom_hooks'] = [
            *(whole.get('custom_hooks') or []),
            dict(type='mmnoisy.LabelWaveHook', window=_WINDOW, patience=3),
        ]
        length = f'at most {whole["train_cfg"]["max_epochs"]} epochs, ended by Label Wave'
    else:
        # Parts that begin after the warm-up refuse a training that ends before.
        last = max(finalist.epoch, min(space.warmup + 1, space.epochs))
        whole = for_all_data(whole, last)
        length = f'{whole["train_cfg"]["max_epochs"]} epochs'
        if reason:
            say(f'Label Wave cannot choose the last epoch: {reason} It is the median of the best ones.')
    path, what = folder / 'config.py', f'{trained_on}, {length}: {finalist.choice}'
    write_text(path, as_file(space, whole, path, what[0].upper() + what[1:]))
    say(f'Training on {what}')
    forget_runs()
    try:
        main([str(path), '--work-dir', str(folder / 'run'), '--resume'])
    finally:
        forget_runs()
    return folder / 'run'


def test_accuracy(run) -> Optional[float]:
    """Of the last epoch of a run, percent; None without test data."""
    return json.loads((Path(run) / 'summary.json').read_text(encoding='utf-8')).get('test_accuracy_last')


def ensemble_accuracy(runs: Sequence[Path]) -> Optional[float]:
    """Test accuracy of the mean of the runs' probabilities, percent; None where one has no test predictions."""
    found: List[np.ndarray] = []
    for run in runs:
        paths = sorted(Path(run).rglob('test_predictions.npz'), key=lambda path: path.stat().st_mtime_ns)
        if not paths:
            return None
        with np.load(paths[-1], allow_pickle=False) as stored:
            found.append(stored['pred_score'].astype(np.float64))
            labels = stored['label']
    return 100 * float((np.mean(found, axis=0).argmax(1) == labels).mean())
