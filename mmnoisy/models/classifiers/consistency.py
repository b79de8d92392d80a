from typing import List

from mmpretrain.structures import DataSample
from torch import Tensor

from ...functional.objectives import prior_penalty, soft_cross_entropy
from ...registry import MODELS
from ..heads.head_loss import head_loss
from .sample_aware import SampleAwareClassifier
from .semi_supervised import check_views


@MODELS.register_module()
class ConsistencyClassifier(SampleAwareClassifier):
    """One network with any loss on the weak view, plus consistency of its views and balance of its classes.

    Both terms are those of SOP+ (`Robust Training under Label Noise by Over-parameterization
    <https://arxiv.org/abs/2202.14026>`_): ``KL(p_weak || p_strong)``, where the weak view's prediction has no gradient,
    and ``KL(uniform || mean of p_weak over the batch)``. The views pass through the network as one batch.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        consistency_weight (float): >= 0. Defaults to 0.9.
        balance_weight (float): >= 0. Defaults to 0.1.
        **kwargs: See :class:`SampleAwareClassifier`.

    Raises:
        ValueError: A negative weight; training batches that have not two views, the weak one first.
    """

    def __init__(self, *args, consistency_weight: float = 0.9, balance_weight: float = 0.1, **kwargs):
        super().__init__(*args, **kwargs)
        if consistency_weight < 0 or balance_weight < 0:
            raise ValueError(
                'ConsistencyClassifier: consistency_weight and balance_weight must be >= 0, not '
                f'{consistency_weight} and {balance_weight}.'
            )
        self.consistency_weight, self.balance_weight = consistency_weight, balance_weight

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """The head's losses, ``loss_consistency``, ``loss_balance`` and the penalties; inputs (2, B, C, H, W)."""
        self.check_inputs(inputs)
        feats = self.extract_feat(inputs.flatten(0, 1))
        weak, strong = self.head(feats).float().chunk(2)
        # KL and cross entropy have the same gradient; the KL is 0 where the views agree.
        p_weak = weak.detach().softmax(1)
        divergence = soft_cross_entropy(strong, p_weak) - soft_cross_entropy(weak.detach(), p_weak)
        losses = head_loss(
            self.head,
            tuple(feat[: len(data_samples)] for feat in feats),
            data_samples,
            **self.loss_kwargs(data_samples, inputs.device),
        )
        losses['loss_consistency'] = self.consistency_weight * divergence.mean()
        losses['loss_balance'] = self.balance_weight * prior_penalty(weak)
        return dict(losses, **self.penalty_losses())

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images that are not of two views."""
        check_views(self, inputs, 2)
