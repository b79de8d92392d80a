import torch
from torch import Tensor, nn

from ...registry import MODELS
from .transition_loss import TransitionLoss


@MODELS.register_module()
class ImportanceReweightingLoss(TransitionLoss):
    """Cross entropy weighted by ``p_y / (T^T p)_y``, optionally with a learnt revision of T.

    `Are Anchor Points Really Indispensable in Label-Noise Learning? <https://arxiv.org/abs/1906.00189>`_ (T-Revision).
    No gradient flows through the weight into the network unless ``weight_gradient`` is set. Soft targets weight the terms.
    See :class:`TransitionLoss` for the arguments.

    Args:
        *args: See :class:`TransitionLoss`.
        revise (bool): Learn a slack (K, K), from 0, that is added to T; the sum is cut at 0 and its rows are
            normalised (the official code does neither). Give it its own learning rate:
            ``optim_wrapper=dict(paramwise_cfg=dict(custom_keys={'loss_module.slack': dict(lr_mult=..., decay_mult=0)}))``.
            Defaults to False.
        weight_gradient (bool): Let the gradient through the weight, as the official code does while it revises T, in a
            stage of its own with a learning rate of 5e-7. At ordinary rates the network then lowers the loss by making the
            given label improbable: ``p_y log p_y`` goes to 0. Defaults to False.
        **kwargs: See :class:`TransitionLoss`.
    """

    def __init__(self, *args, revise: bool = False, weight_gradient: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_gradient = weight_gradient
        self.slack = nn.Parameter(torch.zeros(self.num_classes, self.num_classes)) if revise else None

    def noisy_posterior(self, probability: Tensor) -> Tensor:
        if self.slack is None:
            return super().noisy_posterior(probability)
        revised = (self.transition + self.slack).to(probability).clamp_min(1e-7)
        return (probability @ (revised / revised.sum(1, keepdim=True))).clamp_min(1e-30)

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        p = cls_score.softmax(1)
        if not self.weight_gradient:
            # The slack's gradient comes through the ratio all the same.
            p = p.detach()
        ratio = p / self.noisy_posterior(p)
        return -(target * ratio * cls_score.log_softmax(1)).sum(1)
