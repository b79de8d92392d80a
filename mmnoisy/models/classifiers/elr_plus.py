import copy
from typing import List

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...functional.mixing import draw_mix, mix
from ...progress import current_iter, sigmoid_ramp
from ...registry import MODELS
from ...stamps import read_targets, sample_indices
from ..losses.elr_loss import ELRLoss
from ..losses.state_loss import SampleStateLoss
from .semi_supervised import kept_statistics
from .two_networks import TwoNetworks


def averaged_copy(network: nn.Module) -> nn.Module:
    """A frozen copy of a network, without what its loss keeps per sample."""
    averaged = copy.deepcopy(network).requires_grad_(False)
    for module in averaged.modules():
        for name, child in module.named_children():
            if isinstance(child, SampleStateLoss):
                setattr(module, name, nn.Identity())
    return averaged


@MODELS.register_module()
class ELRPlus(TwoNetworks):
    """ELR+: two networks with :class:`ELRLoss`; the targets of each come from a moving average of the other.

    `Early-Learning Regularization Prevents Memorization of Noisy Labels <https://arxiv.org/abs/2007.00151>`_. Each
    network learns from mixed images; labels and targets are mixed alike. The weights of the two averages follow with
    ``momentum * sigmoid_ramp(iteration)``; they see the unmixed images, normalised by the batch (train mode), as in the
    single-GPU path of the official code, and their running statistics are not used. They are brought up to date at the
    start of an iteration: a checkpoint holds them as its last iteration used them. A run that does not resume starts
    them from the networks.

    Args:
        *args: See :class:`TwoNetworks`. The head's loss is an ``mmnoisy.ELRLoss``.
        mixup_alpha (float): Of the Beta distribution of ``lam``, ``max(lam, 1 - lam)`` is used; 0 for no mixing.
            Defaults to 1.
        ema_momentum (float): In [0, 1). Defaults to 0.997.
        ema_ramp_iters (int): Iterations over which the momentum grows; 0 for no ramp. Defaults to 40000.
        **kwargs: See :class:`TwoNetworks`.

    Raises:
        TypeError: The head's loss is not an ELRLoss.
        ValueError: An option out of range, or batch augments beside the mixing done here.
    """

    def __init__(
        self, *args, mixup_alpha: float = 1.0, ema_momentum: float = 0.997, ema_ramp_iters: int = 40000, **kwargs
    ):
        super().__init__(*args, **kwargs)
        if mixup_alpha < 0 or ema_ramp_iters < 0 or not 0 <= ema_momentum < 1:
            raise ValueError(
                'ELRPlus: mixup_alpha and ema_ramp_iters must be >= 0 and ema_momentum in [0, 1), not '
                f'{mixup_alpha}, {ema_ramp_iters} and {ema_momentum}.'
            )
        loss = getattr(self.net1.head, 'loss_module', None)
        if not isinstance(loss, ELRLoss):
            raise TypeError(
                "ELRPlus: the network's head needs loss=dict(type='mmnoisy.ELRLoss', num_classes=...), not "
                f'{type(loss).__name__}.'
            )
        if getattr(self.data_preprocessor, 'batch_augments', None) is not None:
            raise ValueError('ELRPlus mixes the images itself: take the batch augments out of train_cfg.')
        self.mixup_alpha, self.ema_momentum, self.ema_ramp_iters = mixup_alpha, ema_momentum, ema_ramp_iters
        self.ema1, self.ema2 = averaged_copy(self.net1), averaged_copy(self.net2)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_net1`` and ``loss_net2``, means over the batch, and the networks' penalties."""
        self.update_averages()
        index = sample_indices(data_samples, inputs.device)
        weight = self.weights(data_samples, inputs.device)
        losses = {}
        for name, net, peer in (('net1', self.net1, self.ema2), ('net2', self.net2, self.ema1)):
            # Each network has its own draw, as it has its own loader in the official code.
            lam, order = self._draw(len(index), inputs.device)
            with torch.no_grad(), kept_statistics(peer):
                probability = peer(inputs, mode='tensor').float().softmax(1)
            criterion = net.head.loss_module
            target = criterion.update(index, probability, floor=0.0)
            label = read_targets(data_samples, probability.size(1), inputs.device)
            losses[f'loss_{name}'] = criterion(
                net(mix(inputs, lam, order), mode='tensor'),
                mix(label, lam, order),
                weight=mix(weight, lam, order),
                average=mix(target, lam, order),
            )
        return dict(**losses, **self.penalties())

    @torch.no_grad()
    def update_averages(self) -> None:
        """Move the averages towards the networks' present weights; in iteration 0 they become these."""
        iteration = current_iter()
        momentum = self.ema_momentum * sigmoid_ramp(iteration, self.ema_ramp_iters) if iteration else 0.0
        for net, averaged in ((self.net1, self.ema1), (self.net2, self.ema2)):
            for value, average in zip(net.parameters(), averaged.parameters()):
                average.lerp_(value, 1 - momentum)

    def _draw(self, size: int, device) -> tuple:
        if self.mixup_alpha:
            return draw_mix(size, self.mixup_alpha, device)
        return 1.0, torch.arange(size, device=device)
