"""Debiased agreement: a class that a network predicts often has to win by more (pure functions)."""

from torch import Tensor


def debiased_prediction(probabilities: Tensor) -> Tensor:
    """``argmax_k p_k(x) / p'_k`` with p' the mean prediction of all samples, (N, K) -> (N,) int64.

    Where a network leans to some classes, their labels would otherwise be believed too often and those of the other classes
    too seldom.
    """
    return (probabilities / probabilities.mean(0).clamp_min(1e-12)).argmax(1)
