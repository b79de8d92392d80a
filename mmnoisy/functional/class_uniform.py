"""Selection of equally many samples of each label, by divergence (UNICON) or loss (ProMix). Pure functions."""

import math

import torch
from torch import Tensor


def js_divergence(own: Tensor) -> Tensor:
    """Jensen-Shannon divergence between a prediction and a one-hot label, in [0, ln 2].

    It depends on the label's probability alone: with m the mean of both, the other classes add ``p_k log(p_k / m_k) / 2 =
    p_k log(2) / 2``.

    Args:
        own (Tensor): Probability of the label, (N,), in [0, 1].
    """
    half = (own + 1) / 2
    return 0.5 * ((1 - own) * math.log(2) + torch.xlogy(own, own) - own * half.log() - half.log())


def least_of_each(values: Tensor, labels: Tensor, num_classes: int, count: int) -> Tensor:
    """The ``count`` samples of each label with the least values, all of a label that has fewer: (N,), (N,) -> (N,) bool."""
    chosen = torch.zeros_like(labels, dtype=torch.bool)
    for label in range(num_classes):
        members = (labels == label).nonzero().squeeze(1)
        chosen[members[values[members].argsort(stable=True)[:count]]] = True
    return chosen


def small_loss_of_each(losses: Tensor, labels: Tensor, num_classes: int, share: float) -> Tensor:
    """ProMix's base set (https://arxiv.org/abs/2207.10276): ``ceil(share * N / K)`` samples of each label, those of least loss.

    Args:
        losses (Tensor): (N,).
        labels (Tensor): Observed labels, (N,) int64.
        num_classes (int): K.
        share (float): rho, in (0, 1].

    Returns:
        Tensor: (N,) bool; a label that has fewer samples gives all of them.
    """
    return least_of_each(losses, labels, num_classes, math.ceil(share * (len(labels) / num_classes)))


def class_uniform(divergence: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """UNICON's set (https://arxiv.org/abs/2203.14542): equally many samples of each label, those of the least divergence.

    As many in all as have a divergence below the mean; a class that has fewer samples gives all of them.

    Args:
        divergence (Tensor): (N,).
        labels (Tensor): Observed labels, (N,) int64.
        num_classes (int): K.

    Returns:
        Tensor: (N,) bool. Where all divergences are equal nothing tells the samples apart, and all are selected.
    """
    below = int((divergence < divergence.mean()).sum())
    if not below:
        return torch.ones_like(labels, dtype=torch.bool)
    return least_of_each(divergence, labels, num_classes, below // num_classes)
