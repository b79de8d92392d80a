from typing import List, Optional, Sequence, Tuple

import torch
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...progress import current_epoch
from ...registry import MODELS
from .head_loss import score_loss


@MODELS.register_module()
class NoiseAdaptationHead(LinearClsHead):
    """Linear head followed, in training only, by a learned channel from true to observed labels.

    `Training deep neural-networks using a noise adaptation layer <https://openreview.net/forum?id=H12GRgcxg>`_, the
    simple model: ``p(observed = j | x) = sum_i p(true = i | x) T_ij``, where each row of T is a softmax of free
    parameters. The loss gets ``log p(observed)``, so cross entropy is the negative log-likelihood. At test the channel
    is left out. It holds (B, K, K) values: 100 classes and 128 samples need 5 MB.

    Args:
        num_classes (int): Number of classes, K.
        in_channels (int): Width of the features.
        eps (float): The channel starts with ``1 - eps`` on the diagonal and ``eps / (K - 1)`` elsewhere, in (0, 1).
            A guess, not the true rate. Defaults to 0.1.
        transition (Sequence[Sequence[float]], optional): T to start from, (K, K), rows summing to 1, in place of
            ``eps``.
        begin (int): First epoch, from 0, with the channel; before it the head is a plain one. Defaults to 0.
        **kwargs: See :class:`mmpretrain.models.LinearClsHead`.

    Raises:
        ValueError: ``eps`` out of range, one class only, or ``transition`` is no (K, K) stochastic matrix.
    """

    #: A zero in a given matrix would stay zero for ever.
    FLOOR = 1e-4

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        eps: float = 0.1,
        transition: Optional[Sequence[Sequence[float]]] = None,
        begin: int = 0,
        **kwargs,
    ):
        super().__init__(num_classes, in_channels, **kwargs)
        if num_classes < 2:
            raise ValueError('NoiseAdaptationHead: num_classes must be at least 2.')
        if not 0 < eps < 1:
            raise ValueError(f'NoiseAdaptationHead: eps must be in (0, 1), not {eps}.')
        self.begin = begin
        self.noise_logits = nn.Parameter(self.initial_transition(num_classes, eps, transition).log())

    def initial_transition(self, num_classes: int, eps: float, transition=None) -> Tensor:
        """Row-stochastic matrix without zeros, (K, K), float32."""
        if transition is None:
            matrix = torch.full((num_classes, num_classes), eps / (num_classes - 1))
            return matrix.fill_diagonal_(1 - eps)
        matrix = torch.as_tensor(transition, dtype=torch.float32)
        if matrix.shape != (num_classes, num_classes) or (matrix < 0).any() or (matrix.sum(1) - 1).abs().max() > 1e-3:
            raise ValueError(
                f'NoiseAdaptationHead: transition must be a ({num_classes}, {num_classes}) matrix of numbers >= 0 with '
                f'rows summing to 1; it has shape {tuple(matrix.shape)}.'
            )
        matrix = matrix.clamp_min(self.FLOOR)
        return matrix / matrix.sum(1, keepdim=True)

    def transition(self) -> Tensor:
        """The channel's present matrix T, (K, K), rows summing to 1."""
        return self.noise_logits.detach().softmax(1)

    def noisy_log_posterior(self, cls_score: Tensor) -> Tensor:
        """Logits (B, K) to ``log p(observed = j | x)``, (B, K), at least float32."""
        if cls_score.dtype in (torch.float16, torch.bfloat16):
            cls_score = cls_score.float()
        log_clean = cls_score.log_softmax(1)
        log_channel = self.noise_logits.to(log_clean).log_softmax(1)
        return (log_clean[:, :, None] + log_channel).logsumexp(1)

    def loss(self, feats: Tuple[Tensor], data_samples: List[DataSample], **kwargs) -> dict:
        """Losses of a batch.

        Args:
            feats (tuple[Tensor]): The last is (B, C).
            data_samples (list[DataSample]): B samples with ``gt_label`` or ``gt_score``.
            **kwargs: Handed to the loss module (``weight``, ``sample_idx``).

        Returns:
            dict[str, Tensor]: ``loss`` and the diagnostic ``channel_diagonal``, the mean of T's diagonal.
        """
        cls_score = self(feats)
        if current_epoch() >= self.begin:
            losses = score_loss(self, self.noisy_log_posterior(cls_score), data_samples, **kwargs)
        else:
            losses = score_loss(self, cls_score, data_samples, **kwargs)
            # DDP waits for the gradient of every parameter.
            losses['loss'] = losses['loss'] + 0 * self.noise_logits.sum()
        losses['channel_diagonal'] = self.transition().diagonal().mean()
        return losses
