"""Formulas of semi-supervised learning (MixMatch, FixMatch, DivideMix) as pure functions.

B samples, K classes, V views. Probabilities are float32 or wider, targets carry no gradient.
"""

import torch.nn.functional as F
from torch import Tensor


def sharpen(probability: Tensor, temperature: float = 0.5) -> Tensor:
    """``p_k^(1/T) / sum_j p_j^(1/T)``, (..., K)."""
    # Through the logarithm: p^(1/T) of a small p underflows.
    return (probability.clamp_min(1e-30).log() / temperature).softmax(-1)


def co_refine(label: Tensor, p_clean: Tensor, probability: Tensor, temperature: float = 0.5) -> Tensor:
    """Target of a labelled sample, ``sharpen(w y + (1 - w) mean of the own predictions)``.

    Args:
        label (Tensor): One-hot observed labels, (B, K).
        p_clean (Tensor): w, the probability that the label is right, (B,).
        probability (Tensor): Predictions of the network that is trained, (V, B, K).
        temperature (float): T. Defaults to 0.5.

    Returns:
        Tensor: (B, K). Where ``p_clean`` is 1 it is the label.
    """
    weight = p_clean.unsqueeze(1)
    return sharpen(weight * label + (1 - weight) * probability.mean(0), temperature)


def co_guess(probability: Tensor, temperature: float = 0.5) -> Tensor:
    """Target of an unlabelled sample, ``sharpen(mean of all predictions)``: (views x networks, B, K) -> (B, K)."""
    return sharpen(probability.mean(0), temperature)


def masked_pseudo_label(probability: Tensor, threshold: float) -> tuple:
    """FixMatch's pseudo-labels: (B, K) -> classes (B,), int64, and mask (B,), 1 where ``max p >= threshold``."""
    confidence, label = probability.max(1)
    return label, (confidence >= threshold).to(probability)


def bootstrap(label: Tensor, p_clean: Tensor, probability: Tensor, kind: str = 'hard') -> Tensor:
    """``w label + (1 - w) z`` with the trust w of each sample and its prediction z, one-hot if ``'hard'``.

    Args:
        label (Tensor): One-hot or soft observed labels, (B, K).
        p_clean (Tensor): w, (B,), in [0, 1].
        probability (Tensor): Predictions, (B, K).
        kind (str): ``'hard'`` or ``'soft'``. Defaults to ``'hard'``.

    Returns:
        Tensor: (B, K).
    """
    if kind == 'hard':
        probability = F.one_hot(probability.argmax(1), probability.size(1)).to(probability)
    weight = p_clean.to(probability).unsqueeze(1)
    return weight * label + (1 - weight) * probability
