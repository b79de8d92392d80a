from ...registry import MODELS
from .apl_loss import APLLoss


@MODELS.register_module()
class JALLoss(APLLoss):
    """Joint asymmetric loss, ``alpha NCE + beta AMSE``: :class:`APLLoss` of :class:`NCELoss` and :class:`AMSELoss`.

    `Joint Asymmetric Loss for Learning with Noisy Labels <https://arxiv.org/abs/2507.17692>`_. The official settings of
    alpha, beta and a are 1, 1 and 30 for CIFAR-10, 5, 1 and 20 for CIFAR-100, 50, 1 and 30 for WebVision and 5, 0.1 and 5
    for Clothing1M, each with :class:`L1Penalty` in place of weight decay.

    Args:
        alpha (float): Weight of NCE. Defaults to 1.
        beta (float): Weight of AMSE. Defaults to 1.
        a (float): Of AMSE, at least 1. Defaults to 30.
        **kwargs: See :class:`RobustLoss`.
    """

    def __init__(self, alpha: float = 1.0, beta: float = 1.0, a: float = 30.0, **kwargs):
        super().__init__(
            active=dict(type='mmnoisy.NCELoss', loss_weight=alpha),
            passive=dict(type='mmnoisy.AMSELoss', a=a, loss_weight=beta),
            **kwargs,
        )
