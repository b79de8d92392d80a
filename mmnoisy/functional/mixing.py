"""Mixup: convex combinations of samples and of their targets. Pure functions."""

import torch
from torch import Tensor


def draw_mix(size: int, alpha: float, device=None) -> tuple:
    """``lam`` in [0.5, 1], ``max(l, 1 - l)`` of ``l ~ Beta(alpha, alpha)``, and a permutation, (size,).

    ``max`` keeps a mixed sample nearer to its own position, so labelled samples stay in the labelled part.
    """
    # Drawn on the CPU, whatever the device: nobody waits for it.
    lam = torch.distributions.Beta(alpha, alpha, validate_args=False).sample().item()
    return max(lam, 1 - lam), torch.randperm(size, device=device)


def mix(values: Tensor, lam: float, permutation: Tensor) -> Tensor:
    """``lam v_i + (1 - lam) v_perm(i)``, (B, ...)."""
    # Copies whole rows: an index in brackets takes many times as long.
    return lam * values + (1 - lam) * values.index_select(0, permutation)
