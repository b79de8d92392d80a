from ...registry import MODELS
from .sum_loss import SumLoss


@MODELS.register_module()
class APLLoss(SumLoss):
    """Active passive loss: an active loss, which raises ``p_y``, plus a passive one, which lowers the others.

    `Normalized Loss Functions for Deep Learning with Noisy Labels <https://arxiv.org/abs/2006.13554>`_. The paper's
    alpha and beta are the ``loss_weight`` of the two: 1 and 1 on CIFAR-10, 10 and 0.1 on CIFAR-100, 1 and 10 on MNIST
    for NCE + RCE.

    Args:
        active (dict): Loss config, such as ``dict(type='mmnoisy.NCELoss', loss_weight=1.0)``.
        passive (dict): Loss config, such as :class:`RCELoss` or :class:`MAELoss`.
        **kwargs: See :class:`RobustLoss`.
    """

    def __init__(self, active: dict, passive: dict, **kwargs):
        super().__init__(terms=[dict(loss=active), dict(loss=passive)], **kwargs)
