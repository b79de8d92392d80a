"""Nearest neighbours by cosine similarity, and their vote on the label of each sample: what SSR selects samples by."""

from typing import Iterable, Iterator, NamedTuple, Optional, Tuple

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


def nearest(
    features: Tensor, k: int, rows: Optional[Tensor] = None, itself: bool = True
) -> Iterator[Tuple[Tensor, Tensor, Tensor]]:
    """The ``k`` samples of the largest cosine similarity, in blocks of rows: N x N similarities are never held.

    Args:
        features (Tensor): (N, C), on the device to compute on.
        k (int): Neighbours; all samples where there are fewer.
        rows (Tensor, optional): The samples to find neighbours of, (M,); all where None.
        itself (bool): Whether a sample may be its own neighbour. Defaults to True.

    Yields:
        tuple[Tensor, Tensor, Tensor]: The rows of the block (B,), their similarities (B, k) in [-1, 1], largest first,
        and the neighbours (B, k), on the device.
    """
    features = F.normalize(features.float(), dim=1)
    rows = torch.arange(len(features)) if rows is None else rows
    k = min(k, len(features) - (not itself))
    for block in rows.to(features.device).split(max(1, _BLOCK // len(features))):
        similarity = features[block] @ features.T
        if not itself:
            similarity.scatter_(1, block[:, None], float('-inf'))
        yield block, *similarity.topk(k, dim=1)


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

    Works in blocks of rows: neither N x N similarities nor N x K votes are ever held.

    Args:
        features (Tensor): (N, C), on the device to compute on.
        labels (Tensor): Label with which each sample votes, (N,), int64.
        asked (Tensor): Classes whose share of the votes is wanted, (N, A), int64.
        num_classes (int): K.
        k (int): Neighbours; all samples where there are fewer. Defaults to 200.
        weighting (str): See :func:`count_votes`.
        rows (Tensor, optional): The samples to vote on, (M,); all where None.

    Returns:
        Votes: On the CPU.
    """
    return count_votes(nearest(features, k, rows), labels, asked, num_classes, weighting)


def count_votes(
    neighbours: Iterable[Tuple[Tensor, Tensor, Tensor]],
    labels: Tensor,
    asked: Tensor,
    num_classes: int,
    weighting: str = 'uniform',
) -> Votes:
    """The votes of neighbours that are known: blocks as :func:`nearest` yields them.

    The votes for a class are divided by its share of the labels, so that large classes do not win by their size.

    Args:
        neighbours (Iterable[tuple]): Blocks of M rows in all.
        labels (Tensor): Label with which each sample votes, (N,), int64.
        asked (Tensor): Classes whose share of the votes is wanted, (N, A), int64.
        num_classes (int): K.
        weighting (str): ``'uniform'``: each neighbour has one vote; ``'cosine'``: its similarity, 0 where negative.
            Defaults to ``'uniform'``.

    Returns:
        Votes: On the CPU.
    """
    winners, shares = [torch.empty(0, dtype=torch.int64)], [torch.empty(0, asked.size(1))]
    frequency = torch.bincount(labels, minlength=num_classes).clamp_min(1) / len(labels)
    for block, similarity, found in neighbours:
        labels, asked, frequency = labels.to(found.device), asked.to(found.device), frequency.to(similarity)
        weight = torch.ones_like(similarity) if weighting == 'uniform' else similarity.clamp_min(0)
        votes = weight.new_zeros(len(block), num_classes).scatter_add_(1, labels[found], weight) / frequency
        most, winner = votes.max(1, keepdim=True)
        winners.append(winner[:, 0].cpu())
        # A sample of no direction (all features 0) has no neighbour with a positive similarity.
        shares.append((votes.gather(1, asked[block]) / most.clamp_min(1e-12)).cpu())
    return Votes(torch.cat(winners), torch.cat(shares))
