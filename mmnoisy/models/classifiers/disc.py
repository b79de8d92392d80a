from typing import List

from mmpretrain.structures import DataSample
from torch import Tensor

from ...functional.mixing import draw_mix, mix
from ...functional.objectives import soft_cross_entropy
from ...registry import MODELS
from ...stamps import read_division, read_targets, read_weights
from ..losses.gce_loss import GCELoss
from ..losses.robust_loss import check_numbers
from ..steps.semi_supervised_step import mean_or_zero
from .sample_aware import SampleAwareClassifier
from .semi_supervised import check_views


@MODELS.register_module()
class DISC(SampleAwareClassifier):
    """One network on a weak and a strong view: how a sample is learnt depends on the views in which its label is believed.

    `DISC: Learning from Noisy Labels via Dynamic Instance-Specific Selection and Correction
    <https://openaccess.thecvf.com/content/CVPR2023/html/Li_DISC_CVPR_2023_paper.html>`_. :class:`mmnoisy.DISCHook` stamps the
    sets. Cross entropy of both views where the label is believed in both (clean), GCE of both where it is in one (hard), and,
    of all samples with a weight above 0 (clean, hard and corrected), cross entropy of each view mixed within itself against
    their ``gt_score``. Batches without a stamp are the warm-up: cross entropy of both views with the observed labels.

    Args:
        *args: See :class:`SampleAwareClassifier`.
        hard_weight (float): Weight of the hard samples' loss, >= 0. Defaults to 1.
        q (float): Of GCE, in (0, 1]. Defaults to 0.7.
        alpha (float): Of the Beta distribution of ``lam``, ``max(lam, 1 - lam)`` is used; 0 for no mixing. Defaults to 5.
        **kwargs: See :class:`SampleAwareClassifier`.

    Raises:
        ValueError: An option out of range; training batches that have not two views, the weak one first.
    """

    def __init__(self, *args, hard_weight: float = 1.0, q: float = 0.7, alpha: float = 5.0, **kwargs):
        super().__init__(*args, **kwargs)
        check_numbers('DISC', hard_weight=hard_weight, alpha=alpha)
        self.hard_weight, self.alpha = hard_weight, alpha
        self.gce = GCELoss(q=q, reduction='none')

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_warmup``, or ``loss_clean``, ``loss_hard`` and ``loss_mixed``; and the penalties; inputs (2, B, C, H, W)."""
        self.check_inputs(inputs)
        # One pass: DISCHook catches its logits.
        logits = self(inputs.flatten(0, 1), mode='tensor').float().unflatten(0, inputs.shape[:2])
        target = read_targets(data_samples, logits.size(2), inputs.device)
        division = read_division(data_samples)
        entropy = soft_cross_entropy(logits.flatten(0, 1), target.repeat(2, 1)).view(2, -1).sum(0)
        if division is None:
            return dict(loss_warmup=entropy.mean(), **self.penalty_losses())
        views = division.labelled.sum(1).to(inputs.device)
        gce = self.gce(logits.flatten(0, 1), target.repeat(2, 1)).view(2, -1).sum(0)
        used = read_weights(data_samples).nonzero().squeeze(1).to(inputs.device)
        return dict(
            loss_clean=(entropy * (views == 2)).mean(),
            loss_hard=self.hard_weight * (gce * (views == 1)).mean(),
            loss_mixed=sum(self.mixed_loss(view[used], target[used], logits) for view in inputs),
            **self.penalty_losses(),
        )

    def mixed_loss(self, images: Tensor, target: Tensor, like: Tensor) -> Tensor:
        """Cross entropy of M images mixed with one another, mean; 0 where there are not two."""
        if len(images) < 2:
            return mean_or_zero(target.new_empty(0), like)
        if self.alpha:
            lam, order = draw_mix(len(images), self.alpha, images.device)
            images, target = mix(images, lam, order), mix(target, lam, order)
        return soft_cross_entropy(self(images, mode='tensor').float(), target).mean()

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images that are not of two views."""
        check_views(self, inputs, 2)
