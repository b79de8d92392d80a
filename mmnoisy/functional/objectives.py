"""Objectives of logits (B, K) against one-hot or soft targets, and targets from labels. Pure functions."""

import torch.nn.functional as F
from torch import Tensor


def to_target(label: Tensor, cls_score: Tensor) -> Tensor:
    """Class indices (B,) or soft targets (B, K) as a (B, K) tensor of ``cls_score``'s dtype."""
    if label.ndim == 2 and label.shape == cls_score.shape:
        return label.to(cls_score)
    return F.one_hot(label.reshape(-1).long(), cls_score.size(1)).to(cls_score)


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy ``- sum_k target_k log p_k`` of logits against one-hot or soft targets, (B, K), (B, K) -> (B,)."""
    return -(target * logits.log_softmax(1)).sum(1)


def brier(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the classes of ``(p_k - target_k)^2``, (B, K), (B, K) -> (B,)."""
    return (logits.softmax(1) - target).square().mean(1)


def prior_penalty(logits: Tensor) -> Tensor:
    """``sum_k pi_k log(pi_k / mean p_k)`` with pi uniform, KL(pi || mean prediction of the batch): (B, K) -> scalar.

    It keeps a network from giving every sample the same class.
    """
    mean = logits.softmax(1).mean(0).clamp_min(1e-30)
    return -(mean * mean.numel()).log().mean()


def masked_cross_entropy(logits: Tensor, label: Tensor, mask: Tensor) -> Tensor:
    """Cross entropy of each sample, 0 where the mask is 0: (B, K), (B,), (B,) -> (B,)."""
    return F.cross_entropy(logits, label, reduction='none') * mask
