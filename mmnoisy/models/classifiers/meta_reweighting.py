from typing import Callable, Dict, List, Optional, Tuple

import torch
from mmengine.dist import all_reduce_params, get_world_size
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp

from ...registry import MODELS
from ..heads.head_loss import head_loss
from .sample_aware import SampleAwareClassifier

Params = Dict[str, Tensor]


def meta_gradient(
    sample_losses: Callable[[Params], Tensor],
    meta_loss: Callable[[Params], Tensor],
    params: Params,
    weight: Optional[Tensor],
    lr: float,
) -> Tensor:
    """Gradient of the loss on trusted samples, after one virtual SGD step, with respect to the weights of that step.

    The step is ``params' = params - lr / B * sum_i w_i grad(loss_i)``. It is linear in the weights, so the gradient is
    ``-lr / B * <grad(loss_i), grad(meta_loss)(params')>``: one directional derivative of the B losses (forward mode),
    and no second derivative of the network. Gradients are averaged over ranks.

    Args:
        sample_losses (Callable): Parameters -> (B,) losses of the noisy samples.
        meta_loss (Callable): Parameters -> scalar loss of the trusted samples.
        params (dict[str, Tensor]): Where the step starts; detached.
        weight (Tensor, optional): Weights of the virtual step, (B,). None for zeros (L2RW): no step.
        lr (float): Learning rate of the virtual step.

    Returns:
        Tensor: (B,), detached. Negative: more of that sample would help the trusted ones.
    """
    if weight is not None:
        step = grad(lambda p: (weight * sample_losses(p)).mean())(params)
        _average(step)
        virtual = {name: value - lr * step[name] for name, value in params.items()}
    else:
        virtual = params
    direction = grad(meta_loss)(virtual)
    _average(direction)
    losses, slopes = jvp(sample_losses, (params,), (direction,))  # type: ignore[misc]
    return -lr / len(losses) * slopes.detach()


def _average(gradients: Params) -> None:
    if get_world_size() > 1:
        all_reduce_params(iter(gradients.values()), op='mean')


class MetaReweighting(SampleAwareClassifier):
    """A classifier whose sample weights are learned so that the loss on a small trusted set falls.

    :class:`mmnoisy.engine.MetaSetHook` hands over the trusted batch and the current learning rate before each step.
    A subclass says how the weights follow. The inner computations are in float32 whatever the outer precision is.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._meta_step: Optional[Tuple[Tensor, list, float]] = None

    def set_meta_step(self, inputs: Tensor, data_samples: list, lr: float) -> None:
        """Take over what the next step needs beside its batch.

        Args:
            inputs (Tensor): Trusted samples, preprocessed, (M, C, H, W).
            data_samples (list[DataSample]): Of these.
            lr (float): Learning rate of the virtual step.
        """
        self._meta_step = inputs, data_samples, lr

    def forward(self, inputs, data_samples=None, mode='tensor'):
        """As ``ImageClassifier``, with the mode ``'sample_losses'`` that gives (B,)."""
        if mode == 'sample_losses':
            return self.sample_losses(inputs, data_samples)
        return super().forward(inputs, data_samples, mode)

    def sample_losses(self, inputs: Tensor, data_samples: list) -> Tensor:
        """Loss of each sample, (B,)."""
        kwargs = self.loss_kwargs(data_samples, inputs.device)
        feats = self.extract_feat(inputs)
        return head_loss(self.head, feats, data_samples, reduction_override='none', **kwargs)['loss']

    def meta_gradient(self, inputs: Tensor, data_samples: list, weight: Optional[Tensor]) -> Tensor:
        """:func:`meta_gradient` at the network's parameters.

        Raises:
            RuntimeError: No trusted batch was handed over.
        """
        if self._meta_step is None:
            raise RuntimeError(
                f"{type(self).__name__} has no trusted batch: add custom_hooks=[dict(type='mmnoisy.MetaSetHook')]."
            )
        *trusted, lr = self._meta_step
        params = {name: p.detach() for name, p in self.named_parameters() if not name.startswith('weight_net.')}

        def losses_at(p, batch):
            # Running statistics must not see the virtual passes.
            buffers = {name: buffer.clone() for name, buffer in self.named_buffers()}
            return functional_call(self, (p, buffers), batch, dict(mode='sample_losses'))

        with torch.autocast(inputs.device.type, enabled=False):
            return meta_gradient(
                lambda p: losses_at(p, (inputs, data_samples)),
                lambda p: losses_at(p, tuple(trusted)).mean(),
                params,
                weight,
                lr,
            )


@MODELS.register_module()
class L2RW(MetaReweighting):
    """`Learning to Reweight Examples for Robust Deep Learning <https://arxiv.org/abs/1803.09050>`_.

    ``w_i = max(0, -dL_trusted/dw_i)`` at zero weights, normalised to sum 1 over the batch. A batch in which no sample
    helps has zero loss.
    """

    def loss(self, inputs: Tensor, data_samples: List) -> dict:
        """``loss`` = weighted sum of the batch's losses; ``kept`` = share of samples with a positive weight."""
        helpful = (-self.meta_gradient(inputs, data_samples, None)).clamp_min(0)
        weight = helpful / helpful.sum().clamp_min(torch.finfo(helpful.dtype).tiny)
        losses = self.sample_losses(inputs, data_samples)
        return dict(loss=(weight * losses).sum(), kept=(weight > 0).float().mean(), **self.penalty_losses())


@MODELS.register_module()
class MetaWeightNet(MetaReweighting):
    """`Meta-Weight-Net <https://arxiv.org/abs/1902.07379>`_: a small network maps a sample's loss to its weight.

    Deviations from the official code: the network's step uses the weights from before the weight network's own step
    of the same iteration. One optimizer drives both, so the weight network's gradient is scaled to a mean magnitude of
    1 per sample where the paper uses Adam for it (set its rate with ``paramwise_cfg``). And that gradient is centred
    over the batch: weights are learned relative to each other. Without it most samples help at first, all weights go
    to 1 and the sigmoid saturates before the wrong labels can be told apart.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        hidden (int): Hidden units of the weight network (1 -> hidden -> 1, ReLU, sigmoid). Defaults to 100.
        **kwargs: See :class:`SampleAwareClassifier`.
    """

    def __init__(self, *args, hidden: int = 100, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_net = nn.Sequential(nn.Linear(1, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Sigmoid())

    def loss(self, inputs: Tensor, data_samples: List) -> dict:
        """``loss`` trains the classifier, ``loss_weight_net`` the weight network; ``mean_weight`` is logged."""
        losses = self.sample_losses(inputs, data_samples)
        with torch.autocast(losses.device.type, enabled=False):
            weight = self.weight_net(losses.detach().float()[:, None])[:, 0]
        slope = self.meta_gradient(inputs, data_samples, weight.detach())
        slope = slope - slope.mean()
        slope = slope / slope.abs().mean().clamp_min(torch.finfo(slope.dtype).tiny)
        return dict(
            loss=(weight.detach() * losses).mean(),
            loss_weight_net=(slope * weight).mean(),
            mean_weight=weight.detach().mean(),
            **self.penalty_losses(),
        )
