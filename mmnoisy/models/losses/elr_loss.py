from typing import Optional

import torch
from mmengine.dist import get_world_size
from torch import Tensor

from ...registry import MODELS
from .sample_state_loss import SampleStateLoss, gather_rows

_DTYPES = dict(float32=torch.float32, float16=torch.float16, bfloat16=torch.bfloat16)


@MODELS.register_module()
class ELRLoss(SampleStateLoss):
    """Early-learning regularization, ``CE + lambda log(1 - <t_i, p_i>)`` with ``t_i <- beta t_i + (1 - beta) p_i``.

    `Early-Learning Regularization Prevents Memorization of Noisy Labels <https://arxiv.org/abs/2007.00151>`_. ``t_i``
    starts at 0, averages the predictions for sample i and has no gradient; ``p`` is kept in [1e-4, 1 - 1e-4] and
    normalised for the average. The targets move in training mode with gradients only.

    They are (N, K) numbers in memory and in each checkpoint: 2 MB for CIFAR-10, 20 MB for CIFAR-100, 5 GB for
    ImageNet, in float32; half of it by ``dtype='float16'``. Needs :class:`mmnoisy.SampleStateHook` on several ranks
    (targets are gathered once an epoch) and to refuse resuming with other data.

    Args:
        num_classes (int): K.
        lam (float): Factor of the regulariser, >= 0. Defaults to 3, the paper's for CIFAR-10.
        beta (float): Momentum of the targets, in [0, 1). Defaults to 0.7.
        dtype (str): Storage of the targets: ``'float32'``, ``'float16'`` or ``'bfloat16'``. Defaults to ``'float32'``.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A bad ``lam``, ``beta`` or ``dtype``; a call without ``sample_idx``; another N than the checkpoint's.
        RuntimeError: Several ranks without the hook.
    """

    sample_state = ('targets',)

    def __init__(self, num_classes: int, lam: float = 3.0, beta: float = 0.7, dtype: str = 'float32', **kwargs):
        super().__init__(**kwargs)
        if lam < 0 or not 0 <= beta < 1:
            raise ValueError(f'ELRLoss: lam must be >= 0 and beta in [0, 1), not {lam} and {beta}.')
        if dtype not in _DTYPES:
            raise ValueError(f'ELRLoss: dtype must be one of {", ".join(_DTYPES)}, not {dtype!r}.')
        self.lam, self.beta = lam, beta
        self.register_buffer('targets', torch.zeros(0, num_classes, dtype=_DTYPES[dtype]))
        self.register_buffer('seen', torch.zeros(0, dtype=torch.bool), persistent=False)
        self.num_samples: Optional[int] = None

    def set_num_samples(self, num_samples: int) -> None:
        self.num_samples = num_samples
        self._grow(num_samples)

    def gather(self) -> None:
        gather_rows(self.targets, self.seen)
        self.seen.zero_()

    def per_sample(self, cls_score: Tensor, target: Tensor, sample_idx: Optional[Tensor] = None) -> Tensor:
        self.check_index(sample_idx)
        if self.num_samples is None:
            if get_world_size() > 1:
                raise RuntimeError(
                    'ELRLoss needs its hook on several ranks: custom_hooks=[dict(type="mmnoisy.SampleStateHook")].'
                )
            self._grow(int(sample_idx.max()) + 1)
        p = cls_score.softmax(1).clamp(1e-4, 1 - 1e-4)
        average = self.targets[sample_idx].to(p)
        if self.training and torch.is_grad_enabled():
            average = self.beta * average + (1 - self.beta) * (p / p.sum(1, keepdim=True)).detach()
            self.targets[sample_idx] = average.to(self.targets.dtype)
            self.seen[sample_idx] = True
        return -(target * cls_score.log_softmax(1)).sum(1) + self.lam * (1 - (average * p).sum(1)).log()

    def _grow(self, size: int) -> None:
        missing = size - len(self.targets)
        if missing > 0:
            self.targets = torch.cat([self.targets, self.targets.new_zeros(missing, self.targets.size(1))])
            self.seen = torch.cat([self.seen, self.seen.new_zeros(missing)])

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        # The number of rows is the data set's, not the config's: take over the checkpoint's.
        saved = state_dict.get(prefix + 'targets')
        if saved is not None:
            self._grow(len(saved))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
