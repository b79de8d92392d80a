from typing import Optional

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from torch.utils.data import DataLoader, RandomSampler, Subset

from ..registry import HOOKS
from .sweep import unwrap


def best_rows(scores_file: str, source_idx: np.ndarray, labels: np.ndarray, per_class: int) -> np.ndarray:
    """Pseudo-clean samples: of each given class the ``per_class`` rows with the highest score in a samples.csv.

    Args:
        scores_file (str): A ``samples.csv`` with ``source_idx``, ``given_label`` and ``score``.
        source_idx (np.ndarray): Of the training set, (N,).
        labels (np.ndarray): Given labels, (N,).
        per_class (int): Rows of each class.

    Returns:
        np.ndarray: ``sample_idx`` of the chosen rows.

    Raises:
        ValueError: The file is of another data set (other rows or labels).
    """
    import pandas as pd
    table = pd.read_csv(scores_file).set_index('source_idx')
    missing = np.setdiff1d(source_idx, table.index)
    if len(missing):
        raise ValueError(f'{scores_file}: no row for source_idx {missing[0]} ({len(missing)} missing): it is of another data set.')
    table = table.loc[source_idx]
    if (table['given_label'].to_numpy() != labels).any():
        raise ValueError(f'{scores_file}: its given labels are not those of the training set: it is of another data set or noise.')
    score = table['score'].to_numpy()
    return np.concatenate([
        members[np.argsort(-score[members], kind='stable')[:per_class]]
        for members in (np.flatnonzero(labels == label) for label in np.unique(labels))
    ])


@HOOKS.register_module()
class MetaSetHook(Hook):
    """Hands a batch of trusted samples and the learning rate to a :class:`mmnoisy.models.L2RW` or ``MetaWeightNet``.

    The trusted samples are those of ``LabelNoise(trusted=...)``; or, with ``scores``, the samples that an earlier run
    (AUM, small loss) found cleanest, so that no trusted set is needed. The draw depends on (seed, epoch, rank) alone.

    Args:
        batch_size (int): Trusted samples in each step. Defaults to 64.
        scores (str, optional): A ``samples.csv``.
        per_class (int, optional): With ``scores``: samples of each class. Defaults to 10.

    Raises:
        ValueError: No trusted samples, or a csv of another data set.
    """

    # After EpochSeedHook (VERY_HIGH).
    priority = 'NORMAL'

    def __init__(self, batch_size: int = 64, scores: Optional[str] = None, per_class: int = 10):
        self.batch_size, self.scores, self.per_class = batch_size, scores, per_class

    def before_train(self, runner) -> None:
        dataset = runner.train_dataloader.dataset
        if self.scores is not None:
            self.rows = best_rows(self.scores, dataset.source_idx, dataset.gt_labels, self.per_class)
        else:
            self.rows = getattr(dataset, 'trusted_idx', np.empty(0, int))
        if not len(self.rows):
            raise ValueError('MetaSetHook: the training set has no trusted samples. Set LabelNoise(trusted=dict(per_class=10)) or '
                             "dict(path='trusted.csv'), or let scores= name a samples.csv.")
        runner.logger.info(f'MetaSetHook: {len(self.rows)} trusted samples.')

    def before_train_epoch(self, runner) -> None:
        loader = runner.train_dataloader
        words = np.random.SeedSequence([runner.seed or 0, runner.epoch, get_rank(), 1]).generate_state(1)
        trusted = Subset(loader.dataset, self.rows.tolist())
        sampler = RandomSampler(
            trusted, num_samples=self.batch_size * len(loader), generator=torch.Generator().manual_seed(int(words[0])))
        self._batches = iter(DataLoader(trusted, self.batch_size, sampler=sampler, collate_fn=loader.collate_fn))

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        model = unwrap(runner.model)
        data = model.data_preprocessor(next(self._batches), False)
        model.meta_batch = (data['inputs'], data['data_samples'])
        model.virtual_lr = float(runner.optim_wrapper.get_lr()['lr'][0])
