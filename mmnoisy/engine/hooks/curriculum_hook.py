from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.dist import broadcast, is_main_process
from torch import Tensor

from ...functional.density import CLUSTERINGS, group_classes
from ...models.classifiers.sample_aware import SampleAwareClassifier
from ...registry import HOOKS
from ...stamps import read_weights, sample_indices, write_weights
from ..measures import image_features
from ..model_parts import unwrap
from ..preflight import too_late
from ..restart import restart_training
from ..sample_record import Column, SampleRecordHook
from ..shared_sweep import shared_sweep

MEASURES = ('density', 'gaussian', 'closeness')


@HOOKS.register_module()
class CurriculumHook(SampleRecordHook):
    """Trains on easy samples first: those in dense parts of their class in feature space.

    `CurriculumNet: Weakly Supervised Learning from Large-Scale Web Images <https://arxiv.org/abs/1808.01097>`_. The
    network trains on everything until the first stage. Then the features of the training set are swept once, each
    (observed) class is cut into groups by the density of its samples, and group k takes part from stage k on. Samples
    of groups to come get the weight 0, so epochs keep their length; the other weights are scaled so that a batch's loss
    is the mean over the samples that take part. Needs :class:`mmnoisy.SampleAwareClassifier`.

    Writes ``samples.csv``: the score is the density, an issue is a sample of the last group.

    Args:
        stages (Sequence[int]): First epoch, from 0, of each stage, increasing; as many groups as stages. The first may
            be 0 where ``load_from`` gives a trained network.
        weights (Sequence[float]): Loss weight of each group. Defaults to (1, 0.5, 0.5), the paper's.
        fraction (float): The cut-off distance is this quantile of a class's pairwise distances, in (0, 1).
            Defaults to 0.6.
        channels (int): Wider features are reduced to so many principal components. Defaults to 256.
        measure (str): ``'density'`` (share of the class closer than the cut-off), ``'gaussian'`` (a smooth density) or
            ``'closeness'`` (to the class's mean). Defaults to ``'density'``.
        clustering (str): What groups the measure: ``'KMeans'``, ``'GaussianMixture'`` or ``'AgglomerativeClustering'``
            of scikit-learn; the last needs O(N^2) memory for a class of N samples. Defaults to ``'KMeans'``.
        restart (bool): Start the first stage with new initial weights, as the paper does. An EMA of the
            weights is not restarted. Defaults to False.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range, or, before training, another model or a last stage that is never reached.
    """

    columns = dict(density=Column(reduce=None), group=Column(dtype=torch.int64, reduce=None))

    def __init__(
        self,
        stages: Sequence[int],
        weights: Sequence[float] = (1.0, 0.5, 0.5),
        fraction: float = 0.6,
        channels: int = 256,
        measure: str = 'density',
        clustering: str = 'KMeans',
        restart: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if len(stages) < 2 or sorted(set(stages)) != list(stages) or stages[0] < 0:
            raise ValueError(f'CurriculumHook: stages must be at least two increasing epochs, not {list(stages)}.')
        if len(weights) != len(stages) or min(weights) <= 0:
            raise ValueError(
                f'CurriculumHook: weights must be {len(stages)} positive numbers, one a stage, not {list(weights)}.'
            )
        if not 0 < fraction < 1:
            raise ValueError(f'CurriculumHook: fraction must be in (0, 1), not {fraction}.')
        if measure not in MEASURES:
            raise ValueError(f'CurriculumHook: measure must be one of {", ".join(MEASURES)}, not {measure!r}.')
        if clustering not in CLUSTERINGS:
            raise ValueError(f'CurriculumHook: clustering must be one of {", ".join(CLUSTERINGS)}, not {clustering!r}.')
        self.stages, self.weights, self.restart = tuple(stages), torch.tensor(weights), restart
        self.options: Dict[str, Any] = dict(
            fraction=fraction, channels=channels, measure=measure, clustering=clustering
        )

    def preflight(self, runner) -> List[str]:
        problems = super().preflight(runner) + too_late(self.name, 'stages[-1]', self.stages[-1], runner)
        if not isinstance(unwrap(runner.model), SampleAwareClassifier):
            problems.append(
                f'{self.name} weights samples, and {type(unwrap(runner.model)).__name__} would ignore that: set '
                "model=dict(type='mmnoisy.SampleAwareClassifier')."
            )
        return problems

    def before_train(self, runner) -> None:
        super().before_train(runner)
        shared_sweep(runner).announce(lambda epoch: epoch == self.stages[0])

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch == self.stages[0]:
            self.set(**self.find_groups(runner))
            if self.restart:
                restart_training(runner)
        if runner.epoch in self.stages:
            sizes = torch.bincount(self.record['group'], minlength=len(self.stages)).tolist()
            runner.logger.info(
                f'{self.name}: stage {self.stage(runner.epoch)} of {len(self.stages)}; the groups, easy first, have '
                f'{sizes} samples'
            )

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        stage = self.stage(runner.epoch)
        if stage == 0:
            return
        samples = data_batch['data_samples']
        group = self.record['group'][sample_indices(samples)]
        weight = torch.where(group < stage, self.weights[group], 0.0)
        weight *= len(group) / (group < stage).sum().clamp_min(1)
        # Another hook may have weighted the samples before.
        before = read_weights(samples)
        write_weights(samples, weight if before is None else weight * before)

    def stage(self, epoch: int) -> int:
        """Number of groups that take part in an epoch; 0 before the first stage, when all do."""
        return sum(epoch >= begin for begin in self.stages)

    def find_groups(self, runner) -> Dict[str, Tensor]:
        """``density`` and ``group`` of every sample, (N,), the same on all ranks. Collective."""
        features = shared_sweep(runner).run(runner, image_features)['features']
        density, group = torch.zeros(len(features)), torch.zeros(len(features), dtype=torch.int64)
        if is_main_process():
            device = next(runner.model.parameters()).device
            density, group, ungrouped = group_classes(
                features, self.labels, len(self.stages), device=device, **self.options
            )
            if ungrouped:
                names = self.dataset.metainfo.get('classes') or range(max(ungrouped) + 1)
                runner.logger.warning(
                    f'{self.name}: too few samples, or too alike ones, for {len(self.stages)} groups in the class '
                    f'{", ".join(str(names[label]) for label in ungrouped)}: all of them count as easy.'
                )
        broadcast(density)
        broadcast(group)
        return dict(density=density, group=group)

    def score(self) -> Optional[Tensor]:
        return self.record['density'] if self.known else None

    def groups(self) -> Optional[Tensor]:
        return self.record['group'] if self.known else None

    def issues(self) -> Tensor:
        return self.record['group'] == len(self.stages) - 1
