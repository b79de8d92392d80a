"""ProMix's label guessing by the agreement of two networks (pure functions)."""

import torch
from torch import Tensor


def guess_by_agreement(selected: Tensor, probabilities: Tensor, confidence: float, share: float) -> Tensor:
    """Which samples of a batch are learnt with a guessed label (https://arxiv.org/abs/2207.10276).

    Not selected, and both networks predict the same class, each with more than ``confidence``. Selected and guessed are together
    at most ``share`` of the batch: of more samples those of the largest mean confidence are taken.

    Args:
        selected (Tensor): Samples whose label a network believes, (B,) bool.
        probabilities (Tensor): Of both networks, (2, B, K).
        confidence (float): In (0, 1).
        share (float): In [0, 1].

    Returns:
        Tensor: (B,) bool.
    """
    score, prediction = probabilities.max(2)
    agreed = (score > confidence).all(0) & (prediction[0] == prediction[1]) & ~selected
    mean = torch.where(agreed, score.mean(0), -torch.inf)
    # Without asking how many there are: nobody waits for the device.
    place = torch.empty_like(mean, dtype=torch.int64)
    place[mean.argsort(descending=True, stable=True)] = torch.arange(len(mean), device=mean.device)
    return agreed & (place < int(share * len(selected)) - selected.sum())
