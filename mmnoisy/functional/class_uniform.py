"""Class-uniform selection by the divergence of prediction and label (https://arxiv.org/abs/2203.14542, UNICON)."""

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


def class_uniform(divergence: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Select equally many samples of each label, those of the least divergence.

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
    count = below // num_classes
    chosen = torch.zeros_like(labels, dtype=torch.bool)
    for label in range(num_classes):
        members = (labels == label).nonzero().squeeze(1)
        chosen[members[divergence[members].argsort(stable=True)[:count]]] = True
    return chosen
