"""Ranking samples by their margin or their loss. Pure functions."""

import torch
from torch import Tensor


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """``z_y - max_{k != y} z_k``: (B, K) logits, (B,) labels -> (B,), float32 or better."""
    logits = logits if logits.dtype == torch.float64 else logits.float()
    labels = labels.view(-1, 1)
    return (logits.gather(1, labels) - logits.scatter(1, labels, float('-inf')).amax(1, keepdim=True)).squeeze(1)


def small_loss(losses: Tensor, forget_rate: float) -> Tensor:
    """Positions of the ``max(1, int((1 - forget_rate) * B))`` smallest of (B,) losses; none where B is 0."""
    keep = max(1, int((1 - forget_rate) * len(losses)))
    return losses.detach().argsort(stable=True)[:keep]
