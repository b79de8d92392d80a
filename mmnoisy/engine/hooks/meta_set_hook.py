from typing import List, Optional

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from torch.utils.data import DataLoader, RandomSampler, Subset

from ...datasets.samples_file import read_samples
from ...registry import HOOKS
from ..model_parts import unwrap
from ..preflight import caught


def best_rows(score: np.ndarray, labels: np.ndarray, per_class: int) -> np.ndarray:
    """Pseudo-clean samples: of each given class the ``per_class`` samples with the highest score.

    Args:
        score (np.ndarray): (N,), NaN = not judged.
        labels (np.ndarray): Given labels, (N,).
        per_class (int): Samples of each class; all of a smaller one.

    Returns:
        np.ndarray: ``sample_idx`` of the chosen samples.
    """
    ranked = np.argsort(-np.nan_to_num(score, nan=-1.0), kind='stable')
    return np.concatenate([ranked[labels[ranked] == label][:per_class] for label in np.unique(labels)])


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
        if batch_size < 1 or per_class < 1:
            raise ValueError(
                f'MetaSetHook: batch_size and per_class must be at least 1, not batch_size={batch_size} and '
                f'per_class={per_class}.'
            )
        self.batch_size, self.scores, self.per_class = batch_size, scores, per_class

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        return caught(self.choose, runner.train_dataloader.dataset)

    def before_train(self, runner) -> None:
        self.rows = self.choose(runner.train_dataloader.dataset)
        runner.logger.info(f'MetaSetHook: {len(self.rows)} trusted samples.')

    def choose(self, dataset) -> np.ndarray:
        """``sample_idx`` of the trusted samples.

        Raises:
            ValueError: There are none, or the csv is of another data set.
        """
        rows = getattr(dataset, 'trusted_idx', np.empty(0, int))
        if self.scores is not None:
            labels = np.asarray(dataset.get_gt_labels())
            score, _ = read_samples(self.scores, dataset.source_idx, labels, dataset.checksum, 'MetaSetHook: scores')
            rows = best_rows(score, labels, self.per_class)
        if not len(rows):
            raise ValueError(
                'MetaSetHook: the training set has no trusted samples. Set LabelNoise(trusted=dict(per_class=10)) or '
                "dict(path='trusted.csv'), or let scores= name a samples.csv."
            )
        return rows

    def before_train_epoch(self, runner) -> None:
        loader = runner.train_dataloader
        words = np.random.SeedSequence([runner.seed or 0, runner.epoch, get_rank(), 1]).generate_state(1)
        trusted = Subset(loader.dataset, self.rows.tolist())
        sampler = RandomSampler(
            trusted, num_samples=self.batch_size * len(loader), generator=torch.Generator().manual_seed(int(words[0]))
        )
        self._batches = iter(DataLoader(trusted, self.batch_size, sampler=sampler, collate_fn=loader.collate_fn))

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        model = unwrap(runner.model)
        data = model.data_preprocessor(next(self._batches), False)
        model.set_meta_step(data['inputs'], data['data_samples'], float(runner.optim_wrapper.get_lr()['lr'][0]))
