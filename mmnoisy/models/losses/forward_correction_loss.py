from torch import Tensor

from ...registry import MODELS
from .transition_loss import TransitionLoss


@MODELS.register_module()
class ForwardCorrectionLoss(TransitionLoss):
    """Forward correction, ``-log (T^T p)_y``.

    `Making Deep Neural Networks Robust to Label Noise: a Loss Correction Approach <https://arxiv.org/abs/1609.03683>`_.
    The network predicts the clean class, its prediction is sent through the noise and compared with the noisy label.
    Soft targets weight the terms: ``-sum_k target_k log (T^T p)_k``. See :class:`TransitionLoss` for the arguments.
    """

    def per_sample(self, cls_score: Tensor, target: Tensor) -> Tensor:
        return -(target * self.noisy_posterior(cls_score.softmax(1)).log()).sum(1)
