"""Formulas against float64 references in numpy."""

import numpy as np
import torch

from mmnoisy.functional.objectives import brier, masked_cross_entropy, prior_penalty, soft_cross_entropy
from mmnoisy.functional.soft_labels import masked_pseudo_label
from tests.arrays import RNG, close, probabilities, softmax, tensor

B, K = 7, 5


def test_losses():
    logits, target = 3 * RNG.normal(size=(B, K)), probabilities(B, K)
    p = softmax(logits)
    close(soft_cross_entropy(tensor(logits), tensor(target)), -(target * np.log(p)).sum(1))
    close(brier(tensor(logits), tensor(target)), ((p - target) ** 2).sum(1) / K)
    mean = p.sum(0) / B
    close(prior_penalty(tensor(logits)), sum(1 / K * np.log(1 / K / mean[k]) for k in range(K)))
    assert prior_penalty(torch.zeros(3, K)).abs() < 1e-6


def test_fixmatch_loss():
    p, logits = probabilities(B, K), RNG.normal(size=(B, K))
    label, mask = masked_pseudo_label(tensor(p), 0.6)
    close(label, p.argmax(1)), close(mask, p.max(1) >= 0.6)
    assert 0 < mask.sum() < B
    reference = [-np.log(softmax(logits)[i, p[i].argmax()]) if p[i].max() >= 0.6 else 0 for i in range(B)]
    close(masked_cross_entropy(tensor(logits), label, mask), reference)
