import copy
from pathlib import Path
from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ..heads.head_loss import head_loss
from .sample_aware import SampleAwareClassifier


@MODELS.register_module()
class DistilledClassifier(SampleAwareClassifier):
    """A network that learns from the predictions of a trained one, or of two: ``(1 - alpha) L(y) + alpha t^2 KL(teacher || student)``.

    `Distilling the Knowledge in a Neural Network <https://arxiv.org/abs/1503.02531>`_. After a method with two networks, such as
    DivideMix, one small network is left that predicts as both do together; the given labels, which may be wrong, need not be
    seen again. The teacher is not part of the checkpoint, and testing does not need it.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        teacher (dict): Config of the teacher's model.
        checkpoint (str, optional): Its weights; needed to train.
        alpha (float): Weight of the teacher, in [0, 1]. Defaults to 1: the labels are not used.
        temperature (float): t, above 0. Defaults to 2.
        **kwargs: See :class:`SampleAwareClassifier`.

    Raises:
        ValueError: An option out of range; before training: no checkpoint, one that does not fit the teacher, or a teacher of
            other classes.
    """

    def __init__(
        self,
        *args,
        teacher: dict,
        checkpoint: Optional[str] = None,
        alpha: float = 1.0,
        temperature: float = 2.0,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        if not 0 <= alpha <= 1 or not temperature > 0:
            raise ValueError(
                f'DistilledClassifier: alpha must be in [0, 1] and temperature above 0, not {alpha} and {temperature}.'
            )
        self.teacher_config, self.checkpoint = copy.deepcopy(teacher), checkpoint
        self.alpha, self.temperature = alpha, temperature
        # In a list, so that it is no part of the state, of the parameters and of DDP's buckets.
        self._teacher: List[nn.Module] = []

    def check_inputs(self, inputs: Tensor) -> None:
        """Load the teacher, and compare its classes with the head's.

        Raises:
            ValueError: See the class.
        """
        with torch.no_grad():
            shape = self.teacher(inputs.device)(inputs[:2], mode='tensor').shape
        if shape[1] != self.head.num_classes:
            raise ValueError(
                f'DistilledClassifier: the teacher has {shape[1]} classes, the head {self.head.num_classes}.'
            )

    def teacher(self, device) -> nn.Module:
        """The teacher in eval mode; loaded at the first call."""
        if not self._teacher:
            if self.checkpoint is None or not Path(self.checkpoint).is_file():
                raise ValueError(
                    f"DistilledClassifier: set checkpoint to the teacher's weights; {self.checkpoint!r} does not exist."
                )
            teacher = MMPRETRAIN_MODELS.build(copy.deepcopy(self.teacher_config))
            try:
                load_checkpoint(teacher, self.checkpoint, map_location='cpu', strict=True, logger='silent')
            except (RuntimeError, KeyError) as error:
                lines = str(error).splitlines()
                raise ValueError(
                    f'DistilledClassifier: {self.checkpoint} does not fit the teacher: {" ".join(lines)[:300]}'
                ) from error
            self._teacher.append(teacher.requires_grad_(False).eval())
        return self._teacher[0].to(device)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """``loss_teacher`` and, with ``alpha`` below 1, the head's losses; ``agreement`` with the teacher."""
        feats = self.extract_feat(inputs)
        logits = self.head(feats).float()
        with torch.no_grad():
            target = self.teacher(inputs.device)(inputs, mode='tensor').float()
        t = self.temperature
        losses = dict(
            loss_teacher=self.alpha
            * t**2
            * F.kl_div(
                (logits / t).log_softmax(1), (target / t).log_softmax(1), reduction='batchmean', log_target=True
            ),
            agreement=(logits.argmax(1) == target.argmax(1)).float().mean(),
            **self.penalty_losses(),
        )
        if self.alpha < 1:
            found = head_loss(self.head, feats, data_samples, **self.loss_kwargs(data_samples, inputs.device))
            losses.update(
                (name, (1 - self.alpha) * value if 'loss' in name else value) for name, value in found.items()
            )
        return losses
