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
class JoCoR(TwoNetworks):
    """Both networks learn from the samples whose joint loss, supervision and agreement, is small.

    `Combating Noisy Labels by Agreement: A Joint Training Method with Co-Regularization
    <https://arxiv.org/abs/2003.02752>`_: ``(1 - lambda) (l1 + l2) + lambda (KL(p1 || p2) + KL(p2 || p1))``. Samples are
    ranked within the batch; with several GPUs within each GPU's batch.

    Args:
        *args: See :class:`TwoNetworks`.
        forget_rate (float | str | dict): See :class:`CoTeaching`.
        agreement (float): lambda, in [0, 1]. Defaults to 0.9, the official README's value for CIFAR-10.
        **kwargs: See :class:`TwoNetworks`.

    Raises:
        ValueError: ``agreement`` outside [0, 1].
    """

    #: It stamps which samples it learns from (:func:`mmnoisy.stamps.write_selection`).
    selects_samples = True

    plain_logits = True

    def __init__(self, *args, forget_rate: Union[float, str, dict], agreement: float = 0.9, **kwargs):
        super().__init__(*args, **kwargs)
        if not 0 <= agreement <= 1:
            raise ValueError(f'JoCoR: agreement must be in [0, 1], not {agreement}.')
        self.forget_rate = ForgetRate.build(forget_rate)
        self.agreement = agreement

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_joint``, mean over the selected samples, and ``kept``, their share of the batch."""
        (loss1, logits1), (loss2, logits2) = (
            self.losses_and_logits(net, inputs, data_samples) for net in (self.net1, self.net2)
        )
        log1, log2 = logits1.log_softmax(1), logits2.log_softmax(1)
        # KL(p1 || p2) + KL(p2 || p1)
        divergence = ((log1.exp() - log2.exp()) * (log1 - log2)).sum(1)
        joint = (1 - self.agreement) * (loss1 + loss2) + self.agreement * divergence
        small = small_loss(joint, self.forget_rate())
        weight = self.weights(data_samples, joint.device)
        write_selection(data_samples, torch.zeros_like(weight).index_fill(0, small, 1))
        return dict(
            loss_joint=(joint * weight)[small].mean(),
            kept=joint.new_tensor(len(small) / len(joint)),
            **self.penalties(),
        )
