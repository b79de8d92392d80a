from contextlib import contextmanager
from typing import List, Optional

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...registry import MODELS
from ...stamps import Division, read_division, read_targets
from ..steps.semi_supervised_step import SemiSupervisedStep
from .sample_aware import SampleAwareClassifier


def first_view(inputs: Tensor) -> Tensor:
    """(B, C, H, W) of (V, B, C, H, W), or the inputs themselves."""
    return inputs[0] if inputs.ndim == 5 else inputs


def probabilities(network: nn.Module, views: Tensor) -> Tensor:
    """Predictions without gradient, in the network's present mode: (V, B, C, H, W) -> (V, B, K) float32."""
    with torch.no_grad():
        return network(views.flatten(0, 1), mode='tensor').float().softmax(1).unflatten(0, views.shape[:2])


def believe_all(size: int) -> Division:
    """The division of the warm-up for a step that learns from it: every one of ``size`` labels is believed."""
    return Division(torch.ones(size, 1), torch.ones(size, 1, dtype=torch.bool))


@contextmanager
def kept_statistics(network: nn.Module):
    """Forward passes inside leave BatchNorm's running statistics as they are; they still normalise by the batch."""
    momenta = {module: module.momentum for module in network.modules() if isinstance(module, _BatchNorm)}
    try:
        for module in momenta:
            module.momentum = 0.0
        yield
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum


def network_losses(
    step: SemiSupervisedStep,
    network: nn.Module,
    views: Tensor,
    label: Tensor,
    division: Division,
    column: int,
    own: Tensor,
    guess: Tensor,
) -> dict:
    """Call a step with a column of a division, whose masks are on the CPU (no waiting for the device)."""
    device = views.device
    p_clean, labelled = division.p_clean[:, column], division.labelled[:, column]
    used, unused = (mask.nonzero().squeeze(1).to(device, non_blocking=True) for mask in (labelled, ~labelled))

    def logits(images):
        # Mixed or strongly distorted images are no guide to test images: the guesses' pass keeps the statistics.
        with kept_statistics(network):
            return network(images, mode='tensor')

    return step(logits, views, label, p_clean.to(device, non_blocking=True), used, unused, own, guess, division.age)


@MODELS.register_module()
class SemiSupervisedClassifier(SampleAwareClassifier):
    """One network on labelled and unlabelled samples: MixMatch, FixMatch or bootstrapping, by its ``step``.

    Which samples are labelled is stamped by a hook (:class:`mmnoisy.engine.PartialLabelsHook`, for bootstrapping
    :class:`mmnoisy.engine.LossMixtureHook`). Batches without a
    stamp are trained on with all their labels.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        step (dict): Config of a :class:`SemiSupervisedStep`, such as ``dict(type='mmnoisy.FixMatchStep')``.
        **kwargs: See :class:`SampleAwareClassifier`.

    Raises:
        ValueError: Training batches have a single view, and the step needs several.
    """

    def __init__(self, *args, step: dict, **kwargs):
        super().__init__(*args, **kwargs)
        self.step = MODELS.build(step)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """The step's losses and the penalties; inputs (V, B, C, H, W)."""
        division = read_division(data_samples)
        if division is None:
            if not self.step.learns_in_warmup:
                return super().loss(first_view(inputs), data_samples)
            division = believe_all(len(data_samples))
        self.check_inputs(inputs)
        inputs = inputs.unsqueeze(0) if inputs.ndim == 4 else inputs
        own = probabilities(self, inputs[self.step.guess_views])
        label = read_targets(data_samples, own.size(2), inputs.device)
        losses = network_losses(self.step, self, inputs, label, division, 0, own, own)
        return dict(losses, **self.penalty_losses())

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images of a single view where the step needs several."""
        if self.step.min_views > 1:
            check_views(self, inputs)


def check_views(model: nn.Module, inputs: Tensor, count: Optional[int] = None) -> None:
    """Refuse batches without views.

    Raises:
        ValueError: ``inputs`` is not (V, B, C, H, W), or V is not ``count``.
    """
    if inputs.ndim != 5 or count not in (None, len(inputs)):
        raise ValueError(
            f'{type(model).__name__} needs two views of each sample, but the batch has the shape '
            f'{tuple(inputs.shape)}: use data_preprocessor=dict(type="mmnoisy.MultiViewDataPreprocessor", '
            'views=[...]) or the transform MultiView.'
        )
