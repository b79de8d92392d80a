"""Nearest neighbours vote on the label of each sample: what SSR selects samples by."""

from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

WEIGHTINGS = ('uniform', 'cosine')
#: Similarities that are held at a time: 256 MB in float32.
_BLOCK = 2**26


class Votes(NamedTuple):
    """Result of a vote on M samples.

    Args:
        winner (Tensor): Class with the most votes, (M,), int64; the lowest one of several.
        share (Tensor): Votes for each class asked about, divided by the winner's, (M, A), in [0, 1].
    """

    winner: Tensor
    share: Tensor


def knn_vote(
    features: Tensor,
    labels: Tensor,
    asked: Tensor,
    num_classes: int,
    k: int = 200,
    weighting: str = 'uniform',
    rows: Optional[Tensor] = None,
) -> Votes:
    """Let the ``k`` samples of the largest cosine similarity, the sample itself among them, vote with their labels.

    The votes for a class are divided by its share of the labels, so that large classes do not win by their size. Works
    in blocks of rows: neither N x N similarities nor N x K votes are ever held.

    Args:
        features (Tensor): (N, C), on the device to compute on.
        labels (Tensor): Label with which each sample votes, (N,), int64.
        asked (Tensor): Classes whose share of the votes is wanted, (N, A), int64.
        num_classes (int): K.
        k (int): Neighbours; all samples where there are fewer. Defaults to 200.
        weighting (str): ``'uniform'``: each neighbour has one vote; ``'cosine'``: its similarity, 0 where negative.
            Defaults to ``'uniform'``.
        rows (Tensor, optional): The samples to vote on, (M,); all where None.

    Returns:
        Votes: On the CPU.
    """
    features = F.normalize(features.float(), dim=1)
    labels, asked = labels.to(features.device), asked.to(features.device)
    rows = torch.arange(len(features)) if rows is None else rows
    frequency = torch.bincount(labels, minlength=num_classes).clamp_min(1).to(features) / len(labels)
    winners, shares = [torch.empty(0, dtype=torch.int64)], [torch.empty(0, asked.size(1))]
    for block in rows.to(features.device).split(max(1, _BLOCK // len(features))):
        similarity, neighbours = (features[block] @ features.T).topk(min(k, len(features)), dim=1)
        weight = torch.ones_like(similarity) if weighting == 'uniform' else similarity.clamp_min(0)
        votes = weight.new_zeros(len(block), num_classes).scatter_add_(1, labels[neighbours], weight) / frequency
        most, winner = votes.max(1, keepdim=True)
        winners.append(winner[:, 0].cpu())
        # A sample of no direction (all features 0) has no neighbour with a positive similarity.
        shares.append((votes.gather(1, asked[block]) / most.clamp_min(1e-12)).cpu())
    return Votes(torch.cat(winners), torch.cat(shares))
