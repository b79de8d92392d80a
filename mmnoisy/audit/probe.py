"""The judge ``probe``: multinomial logistic regression on features, out of sample by stratified folds."""

import warnings
from typing import Optional

import numpy as np

#: Inverse regularisations that are tried, weakest learner first.
GRID = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


def stratified_folds(
    labels: np.ndarray, folds: int, seed: int = 0, first_of_group: Optional[np.ndarray] = None
) -> np.ndarray:
    """Fold of each sample: the samples of each class are spread evenly, whatever their number.

    Args:
        labels (np.ndarray): (N,) given labels.
        folds (int): F.
        seed (int): Of the order within a class. Defaults to 0.
        first_of_group (np.ndarray, optional): (N,) row whose fold a sample shares, such as that of the image it is a copy
            of; -1 for none.

    Returns:
        np.ndarray: (N,) in 0..F-1.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind='stable')]
    fold = np.empty(len(labels), dtype=np.int64)
    # Dealt out class after class: the sizes of the folds differ by one at most.
    fold[order] = np.arange(len(labels)) % folds
    if first_of_group is not None:
        copies = np.flatnonzero(first_of_group >= 0)
        fold[copies] = fold[first_of_group[copies]]
    return fold


def probe_probabilities(features: np.ndarray, labels: np.ndarray, num_classes: int, fold: np.ndarray) -> np.ndarray:
    """Out-of-sample class probabilities of a linear probe.

    The regularisation is the one with the lowest out-of-sample cross entropy on the given labels: no true label is
    needed. It is weakened step by step, from :data:`GRID`, until that entropy rises.

    Args:
        features (np.ndarray): (N, D) float32, standardised.
        labels (np.ndarray): (N,) given labels.
        num_classes (int): K.
        fold (np.ndarray): (N,), see :func:`stratified_folds`.

    Returns:
        np.ndarray: (N, K) float32, rows sum to 1; 0 for a class that no sample outside the fold has.
    """
    from sklearn.linear_model import LogisticRegression

    parts = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in np.unique(fold)]
    models = [LogisticRegression(max_iter=200, tol=1e-3, warm_start=True) for _ in parts]
    best, lowest = np.full((len(labels), num_classes), 1 / num_classes, np.float32), np.inf
    for strength in GRID:
        found = np.zeros_like(best)
        for (train, test), model in zip(parts, models):
            _fit(model.set_params(C=strength), features, labels, train)
            found[np.ix_(test, model.classes_)] = model.predict_proba(features[test])
        entropy = -np.log(found[np.arange(len(labels)), labels].clip(1e-6)).mean()
        if entropy >= lowest:
            break
        best, lowest = found, entropy
    return best


def _fit(model, features, labels, train) -> None:
    with warnings.catch_warnings():
        # Stopped early is one more regularisation; which one serves is measured.
        warnings.simplefilter('ignore')
        model.fit(features[train], labels[train])
