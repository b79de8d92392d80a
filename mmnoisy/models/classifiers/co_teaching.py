from typing import List, Union

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ...functional.margins import small_loss
from ...registry import MODELS
from ...stamps import write_selection
from .forget_rate import ForgetRate
from .two_networks import TwoNetworks


@MODELS.register_module()
class CoTeaching(TwoNetworks):
    """Each network learns from the samples whose loss is small in the other.

    `Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels
    <https://arxiv.org/abs/1804.06872>`_. Samples are ranked within the batch; with several GPUs within each GPU's
    batch.

    Args:
        *args: See :class:`TwoNetworks`.
        forget_rate (float | str | dict): Share that is left out: a number in [0, 1), ``'auto'``, or the arguments of
            :class:`ForgetRate`.
        **kwargs: See :class:`TwoNetworks`.
    """

    #: It stamps which samples it learns from (:func:`mmnoisy.stamps.write_selection`).
    selects_samples = True
    plain_logits = True

    def __init__(self, *args, forget_rate: Union[float, str, dict], **kwargs):
        super().__init__(*args, **kwargs)
        self.forget_rate = ForgetRate.build(forget_rate)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_net1``, ``loss_net2`` and ``kept``, the share of the batch that is learnt from."""
        loss1, loss2 = self.sample_losses(inputs, data_samples)
        return self.cross_update(loss1, loss2, data_samples, torch.arange(len(loss1), device=loss1.device))

    def cross_update(self, loss1: Tensor, loss2: Tensor, data_samples: List[DataSample], among: Tensor) -> dict:
        """Losses of both networks, each on the other's small-loss samples.

        Args:
            loss1 (Tensor): Per-sample losses of the first network, (B,).
            loss2 (Tensor): Of the second, (B,).
            data_samples (list[DataSample]): B samples.
            among (Tensor): Positions in the batch to choose from, (M,), M in 0..B. Without any both losses are 0.

        Returns:
            dict[str, Tensor]: ``loss_net1``, ``loss_net2``, penalties and ``kept``.
        """
        weight = self.weights(data_samples, loss1.device)
        for1, for2 = (among[small_loss(other[among], self.forget_rate())] for other in (loss2, loss1))
        share = torch.full_like(weight, float('nan'))
        share[among] = 0
        for chosen in (for1, for2):
            share[chosen] += 0.5
        write_selection(data_samples, share)
        # The sum over no sample is 0 and keeps every parameter in the graph, which DDP needs.
        divisor = max(1, len(for1))
        return dict(
            loss_net1=(loss1 * weight)[for1].sum() / divisor,
            loss_net2=(loss2 * weight)[for2].sum() / divisor,
            kept=loss1.new_tensor(len(for1) / len(loss1)),
            **self.penalties(),
        )
