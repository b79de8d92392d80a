"""``forget_rate='auto'``: the share of wrong labels, estimated without a true label."""

from typing import List

import numpy as np
import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook

from ...functional.confident_joint import class_thresholds, confident_class, confident_joint_rate
from ...functional.mixtures import mixture_rate
from ...registry import HOOKS
from ..measures import mean_probabilities, own_probability
from ..model_parts import unwrap
from ..preflight import epochs_are_counted, refuse, too_late
from ..shared_sweep import shared_sweep


@HOOKS.register_module()
class ForgetRateHook(Hook):
    """Estimates the forget rate of a model with ``forget_rate='auto'`` once, after ``begin`` epochs on all samples.

    The networks must have learnt the classes and not yet the wrong labels, so ``begin`` is small. The training set is
    swept with the test transforms, in O(N) memory. The estimate is kept in the model's state, so a resumed run goes on
    with it, and stands in ``summary.json`` beside the true rate where that is known.

    Args:
        begin (int): Epochs before the estimate, at least 1. Defaults to 3.
        method (str): ``'confident_joint'`` (:func:`confident_joint_rate`) or ``'mixture'`` (:func:`mixture_rate`).
            Defaults to ``'confident_joint'``.
        factor (float): What is forgotten is ``factor`` times the estimate. Co-teaching's paper found 1.25 times the
            noise rate better than the rate itself on MNIST. Defaults to 1.0.
        max_rate (float): What is forgotten is cut off here, in (0, 1). Defaults to 0.95.

    Raises:
        ValueError: An option out of its range, or, before training, a model without ``forget_rate='auto'``.
    """

    METHODS = ('confident_joint', 'mixture')

    def __init__(self, begin: int = 3, method: str = 'confident_joint', factor: float = 1.0, max_rate: float = 0.95):
        if begin < 1 or factor <= 0 or not 0 < max_rate < 1:
            raise ValueError(
                'ForgetRateHook: begin must be at least 1, factor above 0 and max_rate in (0, 1), not '
                f'{begin}, {factor} and {max_rate}.'
            )
        if method not in self.METHODS:
            raise ValueError(f'ForgetRateHook: method must be one of {", ".join(self.METHODS)}, not {method!r}.')
        self.begin, self.method, self.factor, self.max_rate = begin, method, factor, max_rate

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook."""
        problems = epochs_are_counted('ForgetRateHook', runner) + too_late(
            'ForgetRateHook', 'begin', self.begin, runner
        )
        if not getattr(getattr(unwrap(runner.model), 'forget_rate', None), 'auto', False):
            problems.append("ForgetRateHook needs a model with forget_rate='auto', such as mmnoisy.CoTeaching.")
        return problems

    def before_train(self, runner) -> None:
        refuse(self.preflight(runner))
        unwrap(runner.model).forget_rate.expect_estimate()
        shared_sweep(runner).announce(lambda epoch: epoch == self.begin)

    def before_train_epoch(self, runner) -> None:
        if runner.epoch != self.begin:
            return
        buffer = unwrap(runner.model).forget_rate.estimate
        estimate = buffer.new_tensor(self.estimate(runner))
        # The fit may differ in its last bits between machines: all ranks use the number of rank 0.
        broadcast(estimate)
        buffer.copy_((self.factor * estimate).clamp(max=self.max_rate))
        runner.message_hub.update_info('estimated_noise_rate', estimate.item())
        runner.logger.info(
            f'ForgetRateHook: about {estimate.item():.3f} of the labels are wrong ({self.method}); '
            f'{buffer.item():.3f} will be forgotten.'
        )

    def estimate(self, runner) -> float:
        """Share of wrong labels, in [0, 1]. Collective."""
        found = shared_sweep(runner).run(runner, own_probability)
        own, labels = found['own'].numpy(), found['label'].numpy()
        if self.method == 'mixture':
            return mixture_rate(-np.log(np.maximum(own, 1e-8)))
        num_classes = int(found['num_classes'][0])
        thresholds = torch.as_tensor(class_thresholds(own, labels, num_classes))

        def measure(model, inputs, data_samples):
            probabilities = mean_probabilities(model, inputs)
            return dict(confident=confident_class(probabilities, thresholds.to(probabilities)))

        return confident_joint_rate(labels, shared_sweep(runner).run(runner, measure)['confident'].numpy(), num_classes)
