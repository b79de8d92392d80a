"""Two-component mixtures on the losses of samples: the component of the smaller mean holds the right labels.

Where all losses are equal nothing tells the samples apart: every fit believes all of them, ``p_clean = 1``.
"""

import warnings
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np


class MixtureFit(NamedTuple):
    """A fitted mixture; the component of the smaller mean comes first.

    Args:
        p_clean (np.ndarray): Posterior of the first component, (N,) float64.
        means (np.ndarray): (2,).
        stds (np.ndarray): (2,).
        weights (np.ndarray): (2,), summing to 1.
        shapes (np.ndarray, optional): (2, 2), alpha and beta of each component of a Beta mixture; None for Gaussians.
    """

    p_clean: np.ndarray
    means: np.ndarray
    stds: np.ndarray
    weights: np.ndarray
    shapes: Optional[np.ndarray] = None

    def densities(self, x: np.ndarray) -> np.ndarray:
        """Weighted density of each component, (2, M) at the M points ``x``."""
        from scipy import stats

        if self.shapes is None:
            parts = [stats.norm.pdf(x, mean, std) for mean, std in zip(self.means, self.stds)]
        else:
            parts = [stats.beta.pdf(x, alpha, beta) for alpha, beta in self.shapes]
        return self.weights[:, None] * np.stack(parts)


def min_max(losses: np.ndarray, percentile: float = 0.0) -> np.ndarray:
    """Scale to [0, 1]: (N,) -> (N,) float64; zeros where all are equal.

    Losses beyond the ``percentile`` on either side count as those at it: one outlier does not push the rest together.

    Raises:
        ValueError: A NaN or infinite loss.
    """
    losses = np.asarray(losses, dtype=np.float64)
    if not np.isfinite(losses).all():
        raise ValueError(
            f'{int((~np.isfinite(losses)).sum())} of {len(losses)} losses are not finite, the first is that of sample '
            f'{int(np.flatnonzero(~np.isfinite(losses))[0])}: training has diverged. Lower the learning rate.'
        )
    low, high = np.percentile(losses, [percentile, 100 - percentile])
    return (losses.clip(low, high) - low) / (high - low) if high > low else np.zeros_like(losses)


def believe_all(losses: np.ndarray) -> MixtureFit:
    """The fit of losses that are all equal, (N,): one component, to which every sample belongs."""
    return MixtureFit(np.ones(len(losses)), np.full(2, float(losses[0])), np.full(2, 1e-3), np.array([1.0, 0.0]))


def fit_gmm(
    losses: np.ndarray, max_iter: int = 10, tol: float = 1e-2, reg_covar: float = 5e-4, random_state: int = 0
) -> MixtureFit:
    """Two Gaussians by scikit-learn, with DivideMix's settings as defaults: losses (N,) in [0, 1]."""
    if losses.max() == losses.min():
        return believe_all(losses)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(2, max_iter=max_iter, tol=tol, reg_covar=reg_covar, random_state=random_state)
    values = losses.reshape(-1, 1)
    with warnings.catch_warnings():
        # Ten iterations are the paper's, converged or not.
        warnings.simplefilter('ignore', ConvergenceWarning)
        posterior = mixture.fit(values).predict_proba(values)
    order = mixture.means_[:, 0].argsort()
    return MixtureFit(
        posterior[:, order[0]],
        mixture.means_[order, 0],
        np.sqrt(mixture.covariances_[order, 0, 0]),
        mixture.weights_[order],
    )


def fit_bmm(losses: np.ndarray, max_iter: int = 30, margin: float = 1e-4) -> MixtureFit:
    """Two Beta distributions by expectation maximisation with moments.

    `Unsupervised Label Noise Modeling and Loss Correction <https://arxiv.org/abs/1904.11238>`_. Losses (N,) in
    [0, 1] are cut to [margin, 1 - margin], where the densities are finite. It starts from the two sides of the mean
    (the authors' code starts from fixed components, which can fall together).
    """
    if losses.max() == losses.min():
        return believe_all(losses)
    x = np.clip(losses, margin, 1 - margin)
    logs = np.stack([np.log(x), np.log1p(-x)])
    share = np.stack([x <= x.mean(), x > x.mean()]).astype(float)
    for _ in range(max_iter):
        total = share.sum(1).clip(1e-12)
        means = (share * x).sum(1) / total
        variances = ((share * (x - means[:, None]) ** 2).sum(1) / total).clip(1e-8)
        scale = (means * (1 - means) / variances - 1).clip(1e-3)
        shapes = np.stack([means * scale, (1 - means) * scale], axis=1)
        weights = total / total.sum()
        share = _share(logs, shapes, weights)
    means = shapes[:, 0] / shapes.sum(1)
    order = means.argsort()
    shapes, weights, means = shapes[order], weights[order], means[order]
    stds = np.sqrt(means * (1 - means) / (shapes.sum(1) + 1))
    posterior = _share(logs, shapes, weights)[0]
    # Left of the first mean the tails of the second component can rise again: the smallest losses are the cleanest.
    inner = x < means[0]
    at_mean = _share(np.log([[means[0]], [1 - means[0]]]), shapes, weights)[0, 0]
    posterior[inner] = np.maximum(posterior[inner], at_mean)
    return MixtureFit(posterior, means, stds, weights, shapes)


def _share(logs: np.ndarray, shapes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Posterior of each Beta component, (2, N), from log x and log(1 - x), (2, N)."""
    from scipy.special import betaln

    # scipy's logpdf takes the logarithms again in each step.
    parts = (shapes - 1) @ logs + (np.log(weights) - betaln(*shapes.T))[:, None]
    parts = np.exp(parts - parts.max(0))
    return parts / parts.sum(0)


#: Name in a config -> function of losses in [0, 1].
MIXTURES: Dict[str, Callable] = dict(gmm=fit_gmm, bmm=fit_bmm)


def mixture_rate(losses: np.ndarray) -> float:
    """Mean probability of the component of large losses in a mixture of two Gaussians.

    Args:
        losses (np.ndarray): Cross entropy, (N,). Scaled to [0, 1] before the fit, as in DivideMix.

    Returns:
        float: In [0, 1]; 0 where all losses are equal.
    """
    return float(1 - fit_gmm(min_max(losses), max_iter=50, tol=1e-3).p_clean.mean())
