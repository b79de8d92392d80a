"""DISC's sets of samples, by a threshold for each sample and view (pure functions). N samples, two views."""

from typing import NamedTuple

import torch
from torch import Tensor


class Sets(NamedTuple):
    """Which samples are learnt from, and how.

    Args:
        selected (Tensor): Views in which the label is believed, (N, 2) bool: both = clean, one = hard.
        used (Tensor): Samples that are learnt from, (N,) bool: selected in a view, or corrected.
        target (Tensor): Classes to learn, (N,) int64: the label of a selected sample, the prediction of others.
    """

    selected: Tensor
    used: Tensor
    target: Tensor

    def groups(self) -> Tensor:
        """(N,) int64: 0 clean, 1 hard, 2 corrected, 3 not used."""
        count = self.selected.sum(1)
        return torch.where(count > 0, 2 - count, torch.where(self.used, 2, 3))


def select(
    own: Tensor, joint: Tensor, prediction: Tensor, labels: Tensor, threshold: Tensor, margin: float, cap: float
) -> Sets:
    """Divide samples as DISC does (https://openaccess.thecvf.com/content/CVPR2023/html/Li_DISC_CVPR_2023_paper.html).

    A label is believed in a view whose probability of it is above the view's threshold. A sample whose label is believed in
    neither is corrected to the ``prediction`` where that is surer than the mean threshold plus ``margin``, at most ``cap``.

    Args:
        own (Tensor): Probability of the label in each view, (N, 2).
        joint (Tensor): Largest of the mean probabilities of both views, (N,), and
        prediction (Tensor): its class, (N,).
        labels (Tensor): Observed labels, (N,).
        threshold (Tensor): Of each sample and view, (N, 2).
        margin (float): sigma.
        cap (float): In (0, 1].
    """
    selected = own > threshold
    believed = selected.any(1)
    corrected = ~believed & (joint > (threshold.mean(1) + margin).clamp(max=cap))
    return Sets(selected, believed | corrected, torch.where(believed, labels, prediction))


def follow(threshold: Tensor, confidence: Tensor, momentum: float) -> Tensor:
    """Thresholds after an epoch: they follow the views' largest probabilities, (N, 2)."""
    return momentum * threshold + (1 - momentum) * confidence
