"""An audit of a data set: which labels are wrong, how sure that is, and what they should be."""

import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.logging import print_log

from .cache import fingerprint
from .dynamics import judge_by_dynamics
from .files import write_audit
from .issues import FEATURE_JUDGES, Issues, find_issues, small_classes
from .judges import Judge
from .kfold import judge_by_kfold
from .samples_judge import judge_by_samples_file
from .small_images import SmallImages, copies_of_images, small_images

#: Judges by name; a path of a ``samples.csv`` is one, too.
JUDGES = (*FEATURE_JUDGES, 'dynamics', 'kfold')


class Audit(NamedTuple):
    """Result of an audit.

    Args:
        folder (Path): Where the files are.
        issues (Issues): What was found; its rows are ``rows`` of the data.
        rows (np.ndarray): (M,) rows of the data that were judged or could have been: those that can be read.
        unreadable (list[tuple]): ``(path, reason)`` of the others.
        seconds (dict[str, float]): Time of each phase.
    """

    folder: Path
    issues: Issues
    rows: np.ndarray
    unreadable: List[Tuple[str, str]]
    seconds: Dict[str, float]


def audit(
    data,
    out,
    *,
    judges: Optional[Sequence[Union[str, Path, Judge]]] = None,
    backbone: str = 'efficientnet_lite0',
    weights: Optional[str] = None,
    size: int = 128,
    precision: str = 'float32',
    bank=None,
    splits: Sequence[str] = ('train', 'val'),
    folds: int = 5,
    k: int = 20,
    seed: int = 0,
    workers: Optional[int] = None,
    command: Optional[str] = None,
) -> Audit:
    """Audit a data set; the folder gets ``issues.csv``, ``audit.json`` and ``neighbours.json``.

    What is in the folder from an earlier or interrupted audit is used where it still fits: features, small images, trained
    networks. Images that cannot be read are listed, and the others are judged.

    Args:
        data (OwnData): The data, see :func:`mmnoisy.datasets.own_data.read_data`.
        out (str | Path): Folder of the result.
        judges (Sequence[str | Path | Judge], optional): Names of :data:`JUDGES`, ``samples.csv`` files of earlier runs on
            the same data, or judges of its rows. None: ``probe`` and ``knn`` where the packages for pretrained features are
            installed, else ``dynamics``.
        backbone (str): Network of the features, see :func:`mmnoisy.engine.feature_bank.build_feature_bank`; also for
            ``weights``, ``size`` and ``precision``. Defaults to ``'efficientnet_lite0'``.
        bank (str | Path, optional): Folder of the features, where several audits share them. Defaults to
            ``<out>/features``.
        splits (Sequence[str]): Parts that are judged. Test images are not: labels of a test set are looked at by people.
        folds (int): Of ``probe`` and ``kfold``. Defaults to 5.
        k (int): Neighbours that vote. Defaults to 20.
        seed (int): Defaults to 0.
        workers (int, optional): Threads that read images; one a processor where None.
        command (str, optional): The command line that ran this, for the report.

    Raises:
        ValueError: An unknown judge, no readable image, or too few images to judge labels by.
        ImportError: A package is missing; the message has the command to type.
    """
    clock = _Clock()
    out = Path(out)
    names, files, given = _sort_judges(judges)
    chosen = np.flatnonzero(np.isin(np.asarray(data.split), list(splits)))
    if not len(chosen):
        raise ValueError(f'{data.source} has no images in {" or ".join(splits)}.')
    paths, labels = [data.paths[row] for row in chosen], np.asarray(data.labels)[chosen]
    small_classes(labels, data.classes)  # Before minutes of features: too few images are refused at once.
    notes, features, small, problems = [], None, None, []
    if names is None:
        names, notes = _default_judges(backbone)
    readable = np.ones(len(paths), dtype=bool)
    if set(names) & set(FEATURE_JUDGES):
        with clock('features'):
            found = _features(
                paths, labels, data.classes, bank or out / 'features', backbone, weights, size, precision, workers
            )
        features, readable, problems = found
    if set(names) - set(FEATURE_JUDGES) or not names:
        with clock('images'):
            small = small_images(paths, out / 'work' / 'images', workers)
        problems = list(dict([*small.problems, *problems]).items())
        readable = readable & small.readable
    rows = chosen[readable]
    labels = labels[readable]
    options = dict(classes=data.classes, seed=seed, folds=folds, k=k)
    trained = _trained_judges(names, small, readable, labels, data.classes, out / 'work', folds, seed, clock)
    given = [*given, *(judge_by_samples_file(file, np.asarray(data.labels), data.classes, rows) for file in files)]
    with clock('judges'):
        by_features = [name for name in names if name in FEATURE_JUDGES]
        kept = trained.features if features is None else features[readable]
        options.update(features=kept, witness=trained.witness)
        issues = find_issues(labels, judges=[*by_features, *trained.judges, *given], **options)
        if features is None:
            # What a network learns to tell classes apart does not tell copies from likes, and who is near whom goes by the
            # given labels, which are not independent of one another then.
            issues = issues._replace(**copies_of_images(small.of(readable)), outliers=[], neighbour_noise=None)
    issues = issues._replace(notes=[*notes, *issues.notes])
    clock.seconds['total'] = time.perf_counter() - clock.start
    result = Audit(out, issues, rows, problems, {name: round(value, 2) for name, value in clock.seconds.items()})
    write_audit(result, data, backbone if features is not None else None, command)
    return result


class _Clock:
    """Seconds of each phase."""

    def __init__(self):
        self.start, self.seconds = time.perf_counter(), {}

    @contextmanager
    def __call__(self, name: str):
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start


def _sort_judges(judges) -> Tuple[Optional[List[str]], List[Path], List[Judge]]:
    """Names (None for the default), files and objects."""
    if judges is None:
        return None, [], []
    judges = [judges] if isinstance(judges, (str, Path)) else list(judges)
    objects = [judge for judge in judges if isinstance(judge, Judge)]
    texts = [str(judge) for judge in judges if not isinstance(judge, Judge)]
    files = [Path(text) for text in texts if text not in JUDGES]
    for file in files:
        if file.suffix != '.csv':
            raise ValueError(f'There is no judge {str(file)!r}: name {", ".join(JUDGES)} or the samples.csv of a run.')
    if not judges:
        raise ValueError(f'An audit needs a judge: name {", ".join(JUDGES)} or the samples.csv of a run.')
    return [text for text in texts if text in JUDGES], files, objects


def _default_judges(backbone: str) -> Tuple[List[str], List[str]]:
    """Names, and a note where pretrained features cannot be had."""
    try:
        from ..models.backbones.pretrained import build_backbone

        build_backbone(backbone)
    except ImportError as error:
        note = f'Judged by the dynamics of a small network, since there are no pretrained features: {error}'
        print_log(note, 'current')
        return ['dynamics'], [note]
    return list(FEATURE_JUDGES), []


def _features(paths, labels, classes, folder, backbone, weights, size, precision, workers):
    """(M, D) features of the readable images, (N,) which they are, and ``(path, reason)`` of the others."""
    from ..engine.feature_bank import build_feature_bank

    options = dict(backbone=backbone, weights=weights, size=size, precision=precision, workers=workers)
    bank = build_feature_bank(paths, folder, labels=labels, classes=classes, **options)
    readable = np.array(bank.readable)
    if not readable.any():
        raise ValueError(f'None of the {len(paths)} images can be read, such as {next(iter(bank.errors.items()))}.')
    return np.asarray(bank.features[0], dtype=np.float32), readable, list(bank.errors.items())


class _Trained(NamedTuple):
    """Judges that train networks; what one has learnt (N, D), and what networks say that did not see a sample (N, K)."""

    judges: List[Judge] = []
    features: Optional[np.ndarray] = None
    witness: Optional[np.ndarray] = None


def _trained_judges(
    names, small: Optional[SmallImages], readable, labels, classes, folder, folds, seed, clock
) -> _Trained:
    """Train on the small images that every judge can read."""
    if small is None or not set(names) & {'dynamics', 'kfold'}:
        return _Trained()
    images = small.of(readable)
    file = small.file
    if len(images) < small.readable.sum():
        file = str(Path(small.file).with_name('judged.npy'))
        np.save(file, images)
    key, found, learnt, witness = fingerprint(np.asarray(images)), [], None, None
    copies = copies_of_images(images)['duplicate_of']
    if 'dynamics' in names:
        with clock('dynamics'):
            judge, learnt = judge_by_dynamics(file, labels, classes, folder / 'dynamics', key, seed)
        found.append(judge)
    if 'kfold' in names:
        with clock('kfold'):
            found.append(judge_by_kfold(file, labels, classes, folder / 'kfold', key, folds, seed, copies))
    if names == ['dynamics']:
        with clock('witness'):
            witness = judge_by_kfold(
                file, labels, classes, folder / 'witness', key, 2, seed, copies, epochs=10
            ).probabilities
    return _Trained([_leave_out_small(judge, labels, classes) for judge in found], learnt, witness)


def _leave_out_small(judge: Judge, labels, classes) -> Judge:
    _, judgeable = small_classes(labels, classes)
    probabilities = np.where(judgeable[:, None], judge.probabilities, np.nan)
    return judge._replace(score=np.where(judgeable, judge.score, np.nan), probabilities=probabilities)
