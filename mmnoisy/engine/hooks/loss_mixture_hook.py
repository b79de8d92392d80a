from typing import List, Optional

import torch
from torch import Tensor

from ...models.classifiers.semi_supervised import SemiSupervisedClassifier
from ...registry import HOOKS
from ...stamps import Division
from ..division_hook import DivisionHook
from ..model_parts import unwrap
from ..sample_record import Column
from ..shared_sweep import shared_sweep
from ..streams import warn_empty


@HOOKS.register_module()
class LossMixtureHook(DivisionHook):
    """Stamps the probability that a label is right, from a mixture fitted to the losses of all samples.

    `Unsupervised Label Noise Modeling and Loss Correction <https://arxiv.org/abs/1904.11238>`_. Before each epoch after
    the warm-up the cross entropies of the training set (test transforms) are scaled to [0, 1] and a mixture of two
    components is fitted to them. The posterior of the smaller one is ``p_clean``; it is stamped onto the data samples,
    all of which stay ``labelled``. In the warm-up nothing is stamped: every label is believed. For models that use it, such as
    :class:`mmnoisy.SemiSupervisedClassifier` with a :class:`mmnoisy.BootstrappingStep`.

    Writes ``samples.csv`` with ``p_clean`` as the score. The means of the components, the weight of the first and the
    share of labels believed are logged and saved with the record.

    Args:
        warmup_epochs (int): Epochs in which every label is believed, >= 1.
        threshold (float): A label with ``p_clean`` up to it counts as an issue, in (0, 1). Defaults to 0.5.
        mixture (str): ``'bmm'`` (Beta mixture, the paper's) or ``'gmm'``. Defaults to ``'bmm'``.
        stamp (bool): False: nothing is stamped, of any classifier with a head; only ``samples.csv`` is written, for a later
            stage. Defaults to True.
        **kwargs: Options of the fit, see :class:`mmnoisy.engine.division_hook.DivisionHook`, and of :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range; before training: a model that would ignore ``p_clean``.
    """

    columns = dict(p_clean=Column((1,), reduce=None))

    def __init__(self, warmup_epochs: int, stamp: bool = True, **kwargs):
        super().__init__(warmup_epochs, **kwargs)
        self.stamp = stamp

    def score(self) -> Optional[Tensor]:
        """``p_clean``, (N,); None in the warm-up."""
        return self.record['p_clean'][:, 0] if self.known else None

    def issues(self) -> Tensor:
        """(N,) bool: not believed."""
        return self.score() <= self.threshold

    def preflight(self, runner) -> List[str]:
        problems, model = super().preflight(runner), unwrap(runner.model)
        if self.stamp and not isinstance(model, SemiSupervisedClassifier):
            problems.append(
                f'{self.name} stamps p_clean for a mmnoisy.SemiSupervisedClassifier, {type(model).__name__} would '
                'ignore it. With stamp=False it only writes samples.csv.'
            )
        return problems

    def before_train(self, runner) -> None:
        super().before_train(runner)
        shared_sweep(runner).announce(lambda epoch: epoch >= self.warmup_epochs)

    def before_train_epoch(self, runner) -> None:
        super().before_train_epoch(runner)
        if runner.epoch < self.warmup_epochs:
            return
        number = runner.epoch - self.warmup_epochs
        p_clean, found = self.divider.fit(runner, self.divider.measure(runner), self.labels, number)
        self.set(p_clean=p_clean)
        self.scalars.update(found)
        warn_empty(p_clean > self.threshold, self.labels, self.num_classes, runner.logger)
        self.division = Division(p_clean.float(), torch.ones_like(p_clean, dtype=torch.bool))
