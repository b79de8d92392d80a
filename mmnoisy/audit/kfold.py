"""The judge ``kfold``: a network trained for each fold, which judges the samples that it has not seen."""

from functools import partial
from pathlib import Path
from typing import Optional, Sequence

import numpy as np

from .cache import cached, fingerprint
from .judges import Judge, judge_by_probabilities
from .probe import stratified_folds
from .small_network import network_config, sweep_images, train_network


def judge_by_kfold(
    images: str,
    labels: np.ndarray,
    classes: Sequence[str],
    folder,
    key: str,
    folds: int = 5,
    seed: int = 0,
    first_of_group: Optional[np.ndarray] = None,
    epochs: int = 20,
) -> Judge:
    """Out-of-sample probabilities of networks that are trained through mmengine, one for each fold.

    A finished fold is kept in ``<folder>/fold<i>.npz``, an interrupted one goes on from its checkpoint.

    Args:
        images (str): ``.npy`` of (N, S, S, 3) uint8.
        labels (np.ndarray): (N,) given labels.
        classes (Sequence[str]): K names.
        folder (str | Path): Work dir; each fold has one below it.
        key (str): Fingerprint of the images.
        folds (int): Defaults to 5.
        seed (int): Defaults to 0.
        first_of_group (np.ndarray, optional): See :func:`mmnoisy.audit.probe.stratified_folds`.
        epochs (int): Defaults to 20.
    """
    fold = stratified_folds(labels, folds, seed, first_of_group)
    probabilities = np.zeros((len(labels), len(classes)))
    for number in range(folds):
        test = np.flatnonzero(fold == number)
        fold_key = fingerprint(key, labels, fold, seed, epochs, number)
        compute = partial(
            _judge_fold, images, labels, classes, Path(folder) / fold_key[:16], fold == number, epochs, seed
        )
        probabilities[test] = cached(Path(folder) / f'fold{number}.npz', fold_key, compute)['probabilities']
    return judge_by_probabilities('kfold', labels, probabilities)


def _judge_fold(images, labels, classes, run: Path, held_out: np.ndarray, epochs: int, seed: int) -> dict:
    """Train on the other folds, and predict the rows that are held out."""
    rows = np.flatnonzero(~held_out)
    run.mkdir(parents=True, exist_ok=True)
    np.save(run / 'labels.npy', labels)
    np.save(run / 'rows.npy', rows)
    files = dict(images=images, labels=str(run / 'labels.npy'), rows=str(run / 'rows.npy'))
    cfg = network_config(run, num_classes=len(classes), size=len(rows), epochs=epochs, seed=seed, anneal=True, **files)
    model = train_network(cfg).model
    return dict(probabilities=sweep_images(model, np.load(images, mmap_mode='r'), np.flatnonzero(held_out)))
