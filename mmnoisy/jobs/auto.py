"""``--method auto``: look at the labels first, choose a robust loss by quick probes, train it beside plain cross entropy.

1. An audit judges every training image. What all judges flag is left out, at most 30 % of a class, worst first.
2. One tenth of the images, with their given labels, chooses everything that follows; none of it is trained on.
3. Linear probes on frozen features, trained with ELR, GCE and cross entropy on what is left, choose the loss (seconds).
4. The network is trained with ELR or GCE on what is left, with mixup and averaged weights (EMA).
5. With a budget, the portfolio and a search on these features find a combination, which is trained likewise.
6. Cross entropy is trained on all labels as given, for as many epochs. ``auto.json`` says which run won.
"""

from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np

from ..datasets.own_data import OwnData, read_data
from ..files import write_json
from ..search.budget import Budget
from .lists import write_list
from .options import EPOCHS, SCRATCH, TrainOptions, choose, have_features
from .training import Job, make_banks, summary, train_one

#: No more of a class is left out than this share of it.
MOST = 0.3
HOLDOUT = 0.1
#: Pixels of the audit's images.
AUDIT_SIZE = 128
ROBUST = ('elr', 'gce')


def train_auto(job: Job, begin=None, *, seed: int = 0, budget: Optional[Budget] = None, **options) -> Path:
    """Train as this module says; returns the work dir.

    Raises:
        ValueError, ImportError: See :func:`mmnoisy.jobs.options.choose` and :func:`mmnoisy.audit.audit`.
    """
    plain = choose('ce', seed=seed, **options)
    if begin is not None:
        begin(job, plain)
    flagged = audit_job(job, plain, seed)
    kept, everything = write_lists(job.data, flagged, job.work_dir, seed)
    job.say(f'Left out: {len(flagged)} of {len(job.data.paths):,} images whose label all judges doubt.')
    kept_job = job._replace(data=read_data(kept), test=job.test or _test_part(job))
    all_job = kept_job._replace(data=read_data(everything))
    runs = {}
    if have_features() and plain.backbone != SCRATCH and plain.weights is not False:
        runs = train_probes(
            kept_job, plain._replace(frozen=True, size=AUDIT_SIZE, epochs=EPOCHS['frozen'], batch_size=None)
        )
    if not plain.frozen:
        loss = max(ROBUST, key=lambda name: runs.get(f'{name}_probe', {}).get('val') or 0)
        runs[loss] = run(kept_job, plain._replace(method=loss, extras=True), loss)
        runs['ce'] = run(all_job, plain, 'ce')
    else:
        runs['ce'] = run(all_job, plain, 'ce_all')
    if budget is not None:
        runs['combination'] = run_combination(kept_job, plain, budget)
    best = max(runs, key=lambda name: (runs[name]['val'] or 0, name != 'ce'))
    found = dict(
        winner=runs[best]['folder'], runs=runs, left_out=len(flagged), chosen_by='accuracy on noisy validation'
    )
    write_json(job.work_dir / 'auto.json', found)
    page([job.work_dir / entry['folder'] for entry in runs.values()], job.say, job.work_dir / 'report.html')
    return job.work_dir


def audit_job(job: Job, options: TrainOptions, seed: int) -> List[int]:
    """Audit the training images; returns the rows that are to be left out."""
    from ..audit import audit

    job.say('Audit of the labels ...')
    how: Dict[str, Any] = (
        {} if options.backbone == SCRATCH else dict(backbone=options.backbone, weights=options.weights or None)
    )
    found = audit(job.data, job.work_dir / 'audit', seed=seed, size=AUDIT_SIZE, **how)
    page(found.folder, job.say)
    issues = found.issues
    return most_suspicious(found.rows, issues.labels, issues.is_issue, issues.score)


def most_suspicious(rows, labels, is_issue, score, most: float = MOST) -> List[int]:
    """Flagged rows, worst first, at most a share ``most`` of each class.

    Args:
        rows (np.ndarray): (M,) numbers of the rows.
        labels (np.ndarray): (M,) given labels.
        is_issue (np.ndarray): (M,) bool.
        score (np.ndarray): (M,) in [0, 1], low = suspicious.
    """
    found = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        flagged = members[is_issue[members]]
        flagged = flagged[np.argsort(score[flagged], kind='stable')]
        found.extend(rows[flagged[: int(most * len(members))]].tolist())
    return sorted(found)


def write_lists(data: OwnData, left_out: List[int], folder: Path, seed: int):
    """Write ``kept.csv`` and ``all.csv`` (path, label, split), with the same validation images; returns their paths."""
    split = np.where(np.isin(data.split, ['train', 'val']), data.split, 'test').astype(object)
    if not (split == 'val').any():
        split[holdout(data.labels, split == 'train', seed)] = 'val'
    rows = np.flatnonzero(split != 'test')
    dropped = set(left_out)
    lists: Dict[str, Any] = {'kept.csv': [r for r in rows if r not in dropped or split[r] == 'val'], 'all.csv': rows}
    for name, chosen in lists.items():
        write_list(folder / name, data, chosen, split)
    return [folder / name for name in lists]


def holdout(labels: np.ndarray, candidates: np.ndarray, seed: int) -> np.ndarray:
    """Rows of a tenth of each class, at least one, of those among ``candidates`` (N,) bool."""
    rng, found = np.random.default_rng(seed), []
    for label in np.unique(labels[candidates]):
        members = np.flatnonzero(candidates & (labels == label))
        if len(members) > 1:
            found.extend(rng.permutation(members)[: max(1, round(HOLDOUT * len(members)))])
    return np.array(sorted(found), dtype=int)


def train_probes(job: Job, options: TrainOptions) -> Dict[str, dict]:
    """Linear probes with each loss, on one bank."""
    # The audit's bank has these images.
    bank, test_bank = make_banks(job, options, job.work_dir, out=job.work_dir / 'audit' / 'features')
    found = {}
    for method in (*ROBUST, 'ce'):
        name = f'{method}_probe'
        found[name] = run(job, options._replace(method=method), name, bank, test_bank)
    return found


def run(job: Job, options: TrainOptions, name: str, bank=None, test_bank=None) -> dict:
    """Train one run unless it is done; returns what ``auto.json`` says about it."""
    folder = job.work_dir / name
    if not summary(folder):
        job.say(f'Training {name} ...')
        quick = options.frozen
        begun = job._replace(resume=job.resume and any(folder.glob('epoch_*.pth')))
        if quick:  # Forty lines about four seconds, and a config that overrides were not written for.
            begun = begun._replace(console=False, overrides=[], say=lambda line: None)
        train_one(begun, options, folder, bank, test_bank)
    return told(job, name)


def run_combination(job: Job, plain: TrainOptions, budget: Budget) -> dict:
    """Search for a combination unless that is done, and train it; returns what ``auto.json`` says about it."""
    from .combination import train_combination

    if not summary(job.work_dir / 'combination'):
        banks = None
        if have_features() and plain.backbone != SCRATCH and plain.weights is not False:
            probe = plain._replace(frozen=True, size=AUDIT_SIZE)
            banks = make_banks(job, probe, job.work_dir, out=job.work_dir / 'audit' / 'features')
        train_combination(job, plain, budget, 'combination', banks)
    return told(job, 'combination')


def told(job: Job, name: str) -> dict:
    """What ``auto.json`` says about a finished run."""
    found = summary(job.work_dir / name)
    keys = dict(val='val_accuracy_best', test='test_accuracy_at_best_val', seconds='train_seconds')
    entry = dict(folder=name, **{key: found.get(value) for key, value in keys.items()})
    job.say(f'{name}: accuracy on noisy validation {entry["val"] or float("nan"):.1f}')
    return entry


def _test_part(job: Job) -> Optional[OwnData]:
    """The part ``test`` of the data as test data of its own."""
    rows = np.flatnonzero(job.data.split == 'test')
    if not len(rows):
        return None
    path = job.work_dir / 'test.csv'
    write_list(path, job.data, rows)
    return read_data(path)


def page(sources, say, out=None) -> None:
    """Write the page about an audit or several runs, where its packages are installed."""
    from ..report import write_report

    try:
        say(f'Report: {write_report(sources, out)}')
    except ImportError as error:
        say(f'No report: {error}')
