from typing import Dict, List, Optional

from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from torch import Tensor
from torch.utils.data import DataLoader

from ...functional.debias import debiased_logits
from ...models.classifiers.two_networks import TwoNetworks
from ...registry import HOOKS
from ..one_pass import OnePass
from ..shared_sweep import shared_sweep
from ..sweep import Measure, precision, sweep


@HOOKS.register_module()
class MarginalAdjustmentHook(Hook):
    """Takes out of the predictions that select samples what a network leans to: MDA, for any hook that selects by a sweep.

    `Debiased Sample Selection for Learning with Noisy Labels <https://cvpr.thecvf.com/virtual/2026/poster/36281>`_
    (Marginal Distribution Adjustment). Where a network predicts some classes too often, their labels are believed too often and
    those of the other classes too seldom. In place of ``p_k(x)`` a selecting hook therefore sees ``p_k(x) / p'_k``, scaled to
    the sum 1, with p' the mean prediction of the samples that it goes over: its losses, agreements and confidences are those of
    that. Training, tests and evaluation see the model as it is. Of two networks each has a p' of its own.

    p' is measured by a pass of its own before each selection; the paper follows it over training batches with momentum 0.99. So
    there is nothing to keep: a resumed run and several ranks are as one process. It pays where the true classes are about
    equally large: on long-tailed data p' leans to large classes with reason.

    For :class:`CoDivideHook`, :class:`LossMixtureHook`, :class:`PESHook`, :class:`ProMixHook` and :class:`SSRHook`, whose place in
    ``custom_hooks`` does not matter. Hooks that judge by training passes (AUM, DISC) have no sweep to adjust.

    Raises:
        PreflightError: Before training: no hook of the run selects by a sweep.
    """

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        if any(getattr(hook, 'selects_by_sweep', False) for hook in runner.hooks):
            return []
        return [
            'MarginalAdjustmentHook: no hook of the run selects samples by a sweep, so there is nothing to adjust: add a '
            'CoDivideHook, LossMixtureHook, PESHook, ProMixHook or SSRHook, or leave it out.'
        ]

    def before_train(self, runner) -> None:
        shared_sweep(runner).adjust_selection(self.adjusted)

    def adjusted(self, runner, measure: Measure, loader: DataLoader, rows: Optional[Tensor]) -> Measure:
        """The measure of the adjusted predictions on the samples of a loader. Collective."""
        prior = mean_prediction(runner, loader, rows)
        for name, values in prior.items():
            low, high = (f'{float(value):.3f} (class {int(k)})' for value, k in (values.min(0), values.max(0)))
            runner.logger.info(f'Epoch {runner.epoch + 1}: mean prediction{name and f" of {name}"}: {low} to {high}')
        return lambda network, *batch: measure(Adjusted(network, prior), *batch)  # type: ignore[arg-type]


class Adjusted(OnePass):
    """A network for a measure, whose probabilities are those of a network divided by ``prior``, and scaled to the sum 1.

    Args:
        shared (OnePass): What :func:`mmnoisy.engine.sweep.sweep` calls measures with.
        prior (dict[str, Tensor]): See :func:`mean_prediction`.
    """

    def __init__(self, shared: OnePass, prior: Dict[str, Tensor]):
        super().__init__(shared.network)
        self._shared, self._prior = shared, prior

    def __call__(self, inputs: Tensor, data_samples=None, mode: str = 'tensor'):
        """Logits, (B, K)."""
        if mode != 'tensor':
            raise ValueError(f'Adjusted predictions are logits: mode must be tensor, not {mode!r}.')
        if isinstance(self.network, TwoNetworks):
            return self.logits(inputs)[self.network.predict_with]
        return self._debiased(self._shared(inputs), '')

    def extract_feat(self, inputs: Tensor):
        return self._shared.extract_feat(inputs)

    def head(self, features) -> Tensor:
        """Logits of features, (B, K)."""
        return self._debiased(self.network.head(features), '')

    def logits(self, inputs: Tensor) -> Dict[str, Tensor]:
        """Of a model of two networks, by network; the ensemble's are the sum of both."""
        given = self._shared.logits(inputs)
        found = {name: self._debiased(given[name], name) for name in self._prior}
        return dict(found, ensemble=found['net1'] + found['net2'])

    def _debiased(self, logits: Tensor, name: str) -> Tensor:
        return debiased_logits(logits.float(), self._prior[name].to(logits.device), -1.0)


def mean_prediction(runner, loader: DataLoader, rows: Optional[Tensor] = None) -> Dict[str, Tensor]:
    """Mean of the predictions of all samples of a loader, O(K) of memory. Collective.

    Args:
        runner (Runner): A run in training.
        loader (DataLoader): See :func:`mmnoisy.engine.sweep.sweep_loader`.
        rows (Tensor, optional): See :func:`mmnoisy.engine.sweep.sweep`.

    Returns:
        dict[str, Tensor]: (K,) float32 on the CPU, of sum 1: of ``net1`` and ``net2``, or of ``''`` for a single network.
    """
    totals: Dict[str, Tensor] = {}

    def add(network, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
        two = isinstance(network.network, TwoNetworks)
        logits = {name: network.logits(inputs)[name] for name in ('net1', 'net2')} if two else {'': network(inputs)}
        for name, value in logits.items():
            totals[name] = totals.get(name, 0) + value.double().softmax(1).sum(0)
        return {}

    sweep(runner.model, loader, add, rows, precision(runner))
    for total in totals.values():
        all_reduce(total)
    return {name: (total / total.sum()).float().cpu() for name, total in totals.items()}
