from typing import List

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ...progress import current_epoch
from ...registry import MODELS
from .co_teaching import CoTeaching


@MODELS.register_module()
class CoTeachingPlus(CoTeaching):
    """Co-teaching on those samples of the batch whose class the two networks predict differently.

    `How does Disagreement Help Generalization against Label Corruption? <https://arxiv.org/abs/1901.04215>`_. A batch
    without disagreement teaches nothing.

    Args:
        *args: See :class:`CoTeaching`.
        init_epochs (int): Epochs of plain Co-teaching before. Defaults to 20, the paper's value for CIFAR-10.
        **kwargs: See :class:`CoTeaching`.

    Raises:
        ValueError: Negative ``init_epochs``.
    """

    def __init__(self, *args, init_epochs: int = 20, **kwargs):
        super().__init__(*args, **kwargs)
        if init_epochs < 0:
            raise ValueError(f'CoTeachingPlus: init_epochs must be at least 0, not {init_epochs}.')
        self.init_epochs = init_epochs

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """As :meth:`CoTeaching.loss`, with ``disagreement``, the share of the batch that is predicted differently."""
        (loss1, logits1), (loss2, logits2) = (
            self.losses_and_logits(net, inputs, data_samples) for net in (self.net1, self.net2)
        )
        differs = logits1.argmax(1) != logits2.argmax(1)
        among = differs if current_epoch() >= self.init_epochs else torch.ones_like(differs)
        losses = self.cross_update(loss1, loss2, data_samples, among.nonzero().flatten())
        return dict(losses, disagreement=differs.float().mean())
