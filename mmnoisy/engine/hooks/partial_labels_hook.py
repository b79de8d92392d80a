from typing import List, Optional

import numpy as np
import torch
from mmengine.hooks import Hook
from torch import Tensor

from ...datasets.samples_file import read_samples
from ...registry import HOOKS
from ...stamps import Division
from ..preflight import caught, epochs_are_counted, refuse
from ..streams import batch_shares, fill_streams, stamp_division, stream_problems, stream_sampler


@HOOKS.register_module()
class PartialLabelsHook(Hook):
    """Hides the labels of a part of the training set: semi-supervised training of one network.

    Exactly one of ``labelled_per_class``, ``fraction`` and ``file`` says whose labels are used. The batches hold fixed
    shares of labelled and unlabelled samples (:class:`mmnoisy.datasets.StreamSampler`), and each data sample is stamped
    with ``labelled`` and ``p_clean`` (1 or 0). The selection comes from the observed labels and ``seed`` alone.

    Args:
        labelled_per_class (int, optional): Labels of each observed class.
        fraction (float, optional): Share of all labels, drawn at random, in (0, 1].
        file (str, optional): A ``samples.csv`` of a detector (AUM, co-divide, ...): labels that it flags are hidden.
        unlabelled_share (float): Of a batch, in [0, 1); 0 trains on the labelled samples alone. Defaults to 0.5.
        epoch_batches (int): Batches in an epoch; 0 for one pass over the labelled samples. Defaults to 0.
        seed (int): Of the selection. Defaults to 0.

    Raises:
        ValueError: Not exactly one way to select; an option out of range; before training: a file that labels
            nothing or is of another data set, a class without enough samples.
    """

    def __init__(
        self,
        labelled_per_class: Optional[int] = None,
        fraction: Optional[float] = None,
        file: Optional[str] = None,
        unlabelled_share: float = 0.5,
        epoch_batches: int = 0,
        seed: int = 0,
    ):
        if sum(option is not None for option in (labelled_per_class, fraction, file)) != 1:
            raise ValueError('PartialLabelsHook: give exactly one of labelled_per_class, fraction and file.')
        if labelled_per_class is not None and labelled_per_class < 1:
            raise ValueError(f'PartialLabelsHook: labelled_per_class must be >= 1, not {labelled_per_class}.')
        if fraction is not None and not 0 < fraction <= 1:
            raise ValueError(f'PartialLabelsHook: fraction must be in (0, 1], not {fraction}.')
        if not 0 <= unlabelled_share < 1:
            raise ValueError(f'PartialLabelsHook: unlabelled_share must be in [0, 1), not {unlabelled_share}.')
        self.labelled_per_class, self.fraction, self.file = labelled_per_class, fraction, file
        self.unlabelled_share, self.epoch_batches, self.seed = unlabelled_share, epoch_batches, seed

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        problems = epochs_are_counted('PartialLabelsHook', runner)
        problems += caught(self.select, runner.train_dataloader.dataset)
        return problems + stream_problems(runner, self.unlabelled_share, 1, 'PartialLabelsHook')

    def before_train(self, runner) -> None:
        refuse(self.preflight(runner))
        dataset = runner.train_dataloader.dataset
        sampler = stream_sampler(runner, 'PartialLabelsHook')
        labelled = self.select(dataset)[:, None]
        shares = batch_shares(runner.train_dataloader.batch_size, self.unlabelled_share, 1, 'PartialLabelsHook')
        fill_streams(sampler, labelled, shares, self.epoch_batches)
        self._division = Division(labelled.double(), labelled)
        runner.logger.info(f'PartialLabelsHook: {int(labelled.sum())} of {len(labelled)} labels are used.')

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        stamp_division(runner, batch_idx, data_batch['data_samples'], self._division, 0)

    def select(self, dataset) -> Tensor:
        """Whose labels are used, (N,) bool."""
        labels = np.asarray(dataset.get_gt_labels())
        if self.file is not None:
            _, is_issue = read_samples(
                self.file, dataset.source_idx, labels, dataset.checksum, 'PartialLabelsHook: file'
            )
            return torch.from_numpy(~is_issue)
        rng = np.random.default_rng(self.seed)
        chosen = np.zeros(len(labels), dtype=bool)
        if self.fraction is not None:
            chosen[rng.permutation(len(labels))[: max(1, round(self.fraction * len(labels)))]] = True
            return torch.from_numpy(chosen)
        for label in np.unique(labels):
            members = rng.permutation(np.flatnonzero(labels == label))
            if len(members) < self.labelled_per_class:
                raise ValueError(
                    f'PartialLabelsHook: class {label} has {len(members)} samples, labelled_per_class is '
                    f'{self.labelled_per_class}.'
                )
            chosen[members[: self.labelled_per_class]] = True
        return torch.from_numpy(chosen)
