from typing import Tuple

import torch
from torch import Tensor

from .robust_loss import RobustLoss


class SampleStateLoss(RobustLoss):
    """Base of losses whose formula keeps something per training sample: tensors with N rows, row = ``sample_idx``.

    ``SampleAwareClassifier`` and ``TwoNetworks`` hand over ``sample_idx``. :class:`mmnoisy.LossStateHook` tells the
    loss N, gathers the rows over ranks and refuses a checkpoint of other data: put it into ``custom_hooks``.
    """

    needs_sample_idx = True
    #: Names of the tensors with N rows.
    sample_state: Tuple[str, ...] = ()

    def set_num_samples(self, num_samples: int) -> None:
        """Called once before training with N.

        Raises:
            ValueError: The loss was made for fewer samples.
        """
        raise NotImplementedError

    def gather(self) -> None:
        """Make the rows equal on all ranks. Called by all ranks after each epoch."""

    def check_index(self, sample_idx: Tensor) -> None:
        """Refuse a call without ``sample_idx``.

        Raises:
            ValueError: ``sample_idx`` is None.
        """
        if sample_idx is None:
            raise ValueError(
                f'{type(self).__name__} keeps something per sample and was called without sample_idx: use '
                "model=dict(type='mmnoisy.SampleAwareClassifier', ...) in place of ImageClassifier."
            )


def gather_rows(rows: Tensor, seen: Tensor) -> None:
    """Bring rows to their value on the rank that saw the sample, in place; the mean where several did. Collective.

    Args:
        rows (Tensor): (N, ...), differing between ranks where ``seen``.
        seen (Tensor): (N,) bool, the rows that this rank wrote.
    """
    from mmengine.dist import all_reduce, get_world_size

    if get_world_size() == 1:
        return
    count = seen.float()
    shape = (-1, *[1] * (rows.ndim - 1))
    total = rows.float() * count.view(shape)
    all_reduce(total)
    all_reduce(count)
    mean = (total / count.clamp_min(1).view(shape)).to(rows)
    rows.copy_(torch.where(count.view(shape) > 0, mean, rows))
