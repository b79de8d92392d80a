from typing import Dict, List, Optional, Sequence

from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...stamps import read_weights, sample_indices
from ..data_preprocessors.sample_data_preprocessor import sample_preprocessor
from ..heads.head_loss import head_loss, head_predictions


@MODELS.register_module()
class SampleAwareClassifier(ImageClassifier):
    """mmpretrain's classifier that also uses what hooks know about each sample.

    A ``sample_weight`` stamped onto the data samples becomes ``weight`` of the head's loss, and ``sample_idx`` goes to
    losses that keep something per sample (``RobustLoss.needs_sample_idx``). Any mmpretrain head works.

    Args:
        *args: See :class:`mmpretrain.models.ImageClassifier`.
        penalties (Sequence[dict]): Configs of modules that map this model to a scalar, such as
            :class:`mmnoisy.models.losses.L1Penalty`; each adds ``loss_<name>``. Defaults to ().
        **kwargs: See :class:`mmpretrain.models.ImageClassifier`.
    """

    def __init__(self, *args, penalties: Sequence[dict] = (), data_preprocessor: Optional[dict] = None, **kwargs):
        super().__init__(*args, data_preprocessor=sample_preprocessor(data_preprocessor), **kwargs)
        self.penalties = nn.ModuleList(MODELS.build(penalty) for penalty in penalties)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """Losses of a batch.

        Args:
            inputs (Tensor): (B, C, H, W).
            data_samples (list[DataSample]): B samples with ``gt_label`` or ``gt_score``.

        Returns:
            dict[str, Tensor]: The head's losses and ``loss_<penalty>`` for each penalty.
        """
        kwargs = self.loss_kwargs(data_samples, inputs.device)
        losses = head_loss(self.head, self.extract_feat(inputs), data_samples, **kwargs)
        return dict(losses, **self.penalty_losses())

    def predict(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None, **kwargs) -> List[DataSample]:
        """As upstream's: ``pred_score`` (K,) and ``pred_label`` (1,) of B samples."""
        return head_predictions(self.head, self.extract_feat(inputs), data_samples, **kwargs)

    def penalty_losses(self) -> Dict[str, Tensor]:
        """``loss_<penalty>`` of each penalty."""
        return {f'loss_{penalty.name}': penalty(self) for penalty in self.penalties}

    def loss_kwargs(self, data_samples: List[DataSample], device) -> dict:
        """Keyword arguments for the loss module: ``weight`` if stamped, ``sample_idx`` if asked for."""
        kwargs = {}
        weight = read_weights(data_samples, device)
        if weight is not None:
            kwargs['weight'] = weight
        if getattr(getattr(self.head, 'loss_module', None), 'needs_sample_idx', False):
            kwargs['sample_idx'] = sample_indices(data_samples, device)
        return kwargs
