"""How a hook puts a division of the training set into labelled and unlabelled samples to work."""

import math
from typing import List, Optional, Sequence

import torch
from torch import Tensor

from ..datasets.stream_sampler import StreamSampler
from ..stamps import Division, sample_indices, write_division
from .preflight import caught


def stream_sampler(runner, owner: str) -> StreamSampler:
    """The sampler of the training loader.

    Raises:
        TypeError: It is not a StreamSampler.
        ValueError: Gradients are accumulated over iterations, which needs a fixed epoch length.
    """
    sampler = runner.train_dataloader.sampler
    if not isinstance(sampler, StreamSampler):
        raise TypeError(
            f'{owner} fills batches from streams: set train_dataloader.sampler=dict(type="mmnoisy.StreamSampler", '
            f'shuffle=True), not {type(sampler).__name__}.'
        )
    if getattr(runner.optim_wrapper, '_accumulative_counts', 1) > 1:
        raise ValueError(
            f'{owner} changes the length of an epoch, which gradient accumulation cannot follow: set '
            'optim_wrapper.accumulative_counts=1.'
        )
    return sampler


def stream_problems(runner, unlabelled_share: float, networks: int, owner: str) -> List[str]:
    """What keeps a run from filling its batches from streams."""
    size = runner.train_dataloader.batch_size
    return caught(stream_sampler, runner, owner) + caught(batch_shares, size, unlabelled_share, networks, owner)


def batch_shares(batch_size: int, unlabelled_share: float, networks: int, owner: str) -> List[int]:
    """Samples of each stream in a batch, ``[labelled, unlabelled]`` for each network in turn.

    Raises:
        ValueError: A labelled stream would get no place in the batch.
    """
    labelled = round(batch_size / networks * (1 - unlabelled_share))
    unlabelled = batch_size // networks - labelled
    if labelled < 1:
        raise ValueError(
            f'{owner}: a batch of {batch_size} has no place for labelled samples with unlabelled_share='
            f'{unlabelled_share} and {networks} network(s).'
        )
    shares = [labelled, unlabelled] * networks
    shares[0] += batch_size - sum(shares)
    return shares


def fill_streams(
    sampler: StreamSampler,
    labelled: Tensor,
    shares: Sequence[int],
    num_batches: int = 0,
    rows: Optional[Tensor] = None,
) -> int:
    """Give a division to the sampler.

    Args:
        sampler (StreamSampler): The training loader's.
        labelled (Tensor): (N, networks) bool.
        shares (Sequence[int]): See :func:`batch_shares`.
        num_batches (int): Batches in an epoch; 0 for one pass over the labelled samples. Defaults to 0.
        rows (Tensor, optional): The ``sample_idx`` that were divided, (M,), where not all; ``labelled`` is (M, networks).

    Returns:
        int: Batches in an epoch.
    """
    streams = [mask.nonzero().squeeze(1) for column in labelled.T for mask in (column, ~column)]
    if rows is not None:
        streams = [rows[stream] for stream in streams]
    if not num_batches:
        size = max(len(stream) for stream in streams[::2]) or len(labelled)
        num_batches = math.ceil(size / (sum(shares[::2]) * sampler.world_size))
    sampler.set_streams(streams, shares, num_batches)
    return num_batches


def balanced_stream(rows: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Rows in which each class that has any comes as often as the largest one; smaller classes are repeated.

    Args:
        rows (Tensor): ``sample_idx`` to draw from, (M,).
        labels (Tensor): Their classes, (M,).
        generator (torch.Generator): Chooses which rows are repeated once more than others.

    Returns:
        Tensor: int64, size of the largest class times number of classes.
    """
    if not len(rows):
        return rows
    sizes = torch.bincount(labels)
    largest, parts = int(sizes.max()), []
    # Grouped once: a mask for each class takes minutes with a million samples of a thousand classes.
    for members in rows[labels.argsort(stable=True)].split(sizes[sizes > 0].tolist()):
        order = members[torch.randperm(len(members), generator=generator)]
        parts.append(order.repeat(math.ceil(largest / len(order)))[:largest])
    return torch.cat(parts)


def division_age(runner, batch_idx: int, first_epoch: int) -> float:
    """Epochs, with fractions, since the beginning of ``first_epoch``, from which on the training set is divided."""
    return runner.epoch - first_epoch + batch_idx / len(runner.train_dataloader)


def stamp_division(runner, batch_idx: int, samples, division: Division, first_epoch: int) -> None:
    """Tell the model of a batch's samples what the division of the training set, begun in ``first_epoch``, says of them."""
    write_division(samples, division.of(sample_indices(samples), division_age(runner, batch_idx, first_epoch)))


def warn_empty(labelled: Tensor, labels: Tensor, num_classes: int, logger) -> None:
    """Warn where a network believes no label, all labels, or none of a class: (N, networks), (N,)."""
    for i, used in enumerate(labelled.T, 1):
        count = int(used.sum())
        if count in (0, len(used)):
            logger.warning(
                f'Division for network {i}: {"no" if count == 0 else "every"} label is believed; training goes on with '
                'what is left.'
            )
            continue
        empty = (torch.bincount(labels[used], minlength=num_classes) == 0) & (
            torch.bincount(labels, minlength=num_classes) > 0
        )
        if empty.any():
            logger.warning(
                f'Division for network {i}: no label is believed of the class(es) {empty.nonzero().squeeze(1).tolist()}.'
            )
