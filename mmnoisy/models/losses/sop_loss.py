from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS
from .robust_loss import check_numbers
from .state_loss import SampleStateLoss


@MODELS.register_module()
class SOPLoss(SampleStateLoss):
    """Sparse over-parameterization: two small learnt vectors per sample absorb its label noise.

    `Robust Training under Label Noise by Over-parameterization <https://arxiv.org/abs/2202.14026>`_. With
    ``U = u_i^2 y`` and ``V = v_i^2 (1 - y)``, both cut to [0, 1], the loss is cross entropy of ``p + U - V`` (at least
    1e-4, normalised, no gradient to v) plus the squared error of ``onehot(argmax p) + U - V`` against ``y``, which
    trains v. :class:`ConsistencyClassifier` adds the terms of SOP+.

    ``u`` (N, 1) and ``v`` (N, K) are parameters of the model and need a learning rate of their own, which
    :class:`mmnoisy.LossStateHook` keeps constant, and no weight decay::

        optim_wrapper = dict(
            paramwise_cfg=dict(custom_keys={
                'loss_module.u': dict(lr_mult=100., decay_mult=0.),
                'loss_module.v': dict(lr_mult=1000., decay_mult=0.)}))

    With gradient and momentum they take three times N (K + 1) numbers: 6.6 MB for CIFAR-10, 61 MB for CIFAR-100.

    Args:
        num_classes (int): K.
        num_samples (int): N, at least the size of the training set; rows beyond it stay unused, so that the size
            before a validation split does as well.
        init_std (float): Standard deviation of the initial u and v. Defaults to 1e-8.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A call without ``sample_idx``; before training, ``num_samples`` below the size of the training set
            (checked by :class:`mmnoisy.LossStateHook`).
        RuntimeError: No memory for u and v; the message has their size.
    """

    sample_state = ('u', 'v')

    def __init__(self, num_classes: int, num_samples: int, init_std: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        check_numbers('SOPLoss', 1, num_classes=num_classes, num_samples=num_samples)
        # The optimizer is built before any hook can see the data set, so N cannot be found out here.
        self.num_samples = num_samples
        try:
            # In place: the table is as large as memory allows.
            self.u = nn.Parameter(torch.randn(num_samples, 1).mul_(init_std))
            self.v = nn.Parameter(torch.randn(num_samples, num_classes).mul_(init_std))
        except (RuntimeError, MemoryError) as error:
            size = 4 * num_samples * (num_classes + 1) / 1e9
            raise RuntimeError(
                f'SOPLoss: u and v, {num_samples} samples x ({num_classes} + 1) numbers of float32, take {size:.3g} GB, '
                f'with gradient and momentum {3 * size:.3g} GB, for which there is no memory. ELRLoss keeps less: it has '
                'dtype and top_k.'
            ) from error

    def set_num_samples(self, num_samples: int) -> None:
        if num_samples > self.num_samples:
            raise ValueError(
                f'SOPLoss: num_samples is {self.num_samples}, but the training set has {num_samples} samples: write '
                f'num_samples={num_samples} in its config.'
            )

    def per_sample(self, cls_score: Tensor, target: Tensor, sample_idx: Optional[Tensor] = None) -> Tensor:
        self.check_index(sample_idx)
        u = (self.u[sample_idx].to(cls_score) ** 2 * target).clamp(0, 1)
        v = (self.v[sample_idx].to(cls_score) ** 2 * (1 - target)).clamp(0, 1)
        p = cls_score.softmax(1)
        q = (p + u - v.detach()).clamp_min(1e-4)
        cross_entropy = -(target * (q / q.sum(1, keepdim=True)).log()).sum(1)
        hard = F.one_hot(p.argmax(1), p.size(1))
        return cross_entropy + ((hard + u - v - target) ** 2).sum(1)
