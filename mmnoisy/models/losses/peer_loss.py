from typing import Sequence, Tuple, Union

from torch import Tensor

from ...progress import current_epoch, piecewise_linear
from ...registry import MODELS
from .robust_loss import RobustLoss


@MODELS.register_module()
class PeerLoss(RobustLoss):
    """Peer loss, ``(CE(x_i, y_i) - alpha CE(x_j, y_k)) / (1 + alpha)`` with peers j and k of the batch, ``CE = -log(p + 1e-5)``.

    `Peer Loss Functions: Learning from Noisy Labels without Knowing Noise Rates <https://arxiv.org/abs/1910.03231>`_.
    What a network gains by repeating the labels of unrelated images is taken off again, which leaves no profit in learning
    the labels by heart; no noise rate is needed. A weight alpha above 1 pushes the predictions towards one-hot.

    Deviations: the paper draws j and k, the mean over all pairs of the batch stands here in their place, ``CE(x_i, mean
    label of the batch)`` for a sample: the same expectation, and no draw. The official code divides the learning rate by
    ``1 + alpha``; here it is the loss, whose weight decay stays as it is.

    Args:
        alpha (float | Sequence[tuple[float, float]]): Weight of the peer term, >= 0, or its course as pairs of an epoch and
            the weight in it, see :func:`mmnoisy.progress.piecewise_linear`. The official schedules depend on the kind of
            noise. Defaults to 1, the paper's.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A negative weight, or epochs that do not ascend.
    """

    def __init__(self, alpha: Union[float, Sequence[Tuple[float, float]]] = 1.0, **kwargs):
        super().__init__(**kwargs)
        piecewise_linear(0, alpha)
        self.alpha = alpha

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        alpha = piecewise_linear(current_epoch(), self.alpha)
        loss = -(cls_score.softmax(1) + 1e-5).log()
        return ((target - alpha * target.mean(0)) * loss).sum(1) / (1 + alpha)
