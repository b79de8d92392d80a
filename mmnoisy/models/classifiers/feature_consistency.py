from typing import List

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...stamps import read_division, select_samples
from .semi_supervised import SemiSupervisedClassifier, check_views


def feature_consistency(predicted: Tensor, projected: Tensor) -> Tensor:
    """Negative cosine of each row with a row that is held fixed, mean: (B, C), (B, C) -> scalar in [-1, 1]."""
    return -F.cosine_similarity(predicted, projected.detach(), dim=1).mean()


def _mlp(in_channels: int, hidden: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(in_channels, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out_channels)
    )


@MODELS.register_module()
class FeatureConsistencyClassifier(SemiSupervisedClassifier):
    """The step's losses on labelled samples, and consistent features of two views of all samples (SSR+).

    `SSR: An Efficient and Robust Framework for Learning with Unknown Label Noise
    <https://arxiv.org/abs/2111.11288>`_. A projector f and a predictor g on the features h add
    ``-cos(g(f(h(strong))), f(h(weak)))``, without gradient through the second. The first view counts as weak, the last as
    strong. The step sees labelled samples alone.

    Args:
        *args: See :class:`SemiSupervisedClassifier`.
        channels (int): Width of the features.
        hidden (int): Width of the hidden layers of f and g. Defaults to 256.
        projected (int): Width of what f and g give. Defaults to 128.
        consistency_weight (float): >= 0. Defaults to 1.
        **kwargs: See :class:`SemiSupervisedClassifier`.

    Raises:
        ValueError: A negative weight, or training batches that have a single view.
    """

    def __init__(
        self,
        *args,
        channels: int,
        hidden: int = 256,
        projected: int = 128,
        consistency_weight: float = 1.0,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        if consistency_weight < 0:
            raise ValueError(
                f'FeatureConsistencyClassifier: consistency_weight must be >= 0, not {consistency_weight}.'
            )
        self.projector, self.predictor = _mlp(channels, hidden, projected), _mlp(projected, hidden, projected)
        self.consistency_weight = consistency_weight

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """Losses of the labelled samples and ``loss_consistency`` of all; inputs (V, B, C, H, W)."""
        self.check_inputs(inputs)
        division = read_division(data_samples)
        keep = torch.arange(len(data_samples)) if division is None else division.labelled.any(1).nonzero().flatten()
        losses = super().loss(inputs[:, keep.to(inputs.device)], select_samples(data_samples, keep))
        losses['loss_consistency'] = self.consistency_weight * self.consistency(inputs[0], inputs[-1])
        return losses

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images of a single view."""
        check_views(self, inputs)

    def consistency(self, weak: Tensor, strong: Tensor) -> Tensor:
        """:func:`feature_consistency` of two views, (B, C, H, W) each. Each view is a batch of its own, as there."""
        weak, strong = (self.projector(self.extract_feat(view)[-1].float()) for view in (weak, strong))
        return feature_consistency(self.predictor(strong), weak)
