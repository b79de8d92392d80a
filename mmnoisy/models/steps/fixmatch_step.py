import torch

from ...functional.objectives import masked_cross_entropy, prior_penalty, soft_cross_entropy
from ...functional.soft_labels import co_refine, masked_pseudo_label
from ...registry import MODELS
from .semi_supervised_step import SemiSupervisedStep, mean_or_zero


@MODELS.register_module()
class FixMatchStep(SemiSupervisedStep):
    """FixMatch: confident predictions on the weak view are the labels of the strong view.

    `FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence
    <https://arxiv.org/abs/2001.07685>`_. The first view is the weak one, the last the strong one. The unlabelled loss
    is the mean over all unlabelled samples, confident or not.

    Args:
        lambda_u (float): Weight of the unlabelled loss. Defaults to 1.
        confidence (float): Least probability of a pseudo-label, in [0, 1]. Defaults to 0.95.
        **kwargs: See :class:`SemiSupervisedStep`.

    Raises:
        ValueError: ``confidence`` outside [0, 1].
    """

    guess_views = slice(0, 1)

    def __init__(self, lambda_u: float = 1, confidence: float = 0.95, **kwargs):
        super().__init__(lambda_u, **kwargs)
        if not 0 <= confidence <= 1:
            raise ValueError(f'FixMatchStep: confidence must be in [0, 1], not {confidence}.')
        self.confidence = confidence

    def __call__(self, network, views, label, p_clean, labelled, unlabelled, own, guess, age=0.0):
        refined = co_refine(label[labelled], p_clean[labelled], own[:, labelled], self.temperature)
        pseudo, mask = masked_pseudo_label(guess[:, unlabelled].mean(0), self.confidence)
        logits = network(torch.cat([views[0, labelled], views[-1, unlabelled]])).float()
        weak, strong = logits.split([len(labelled), len(unlabelled)])
        losses = dict(
            loss_labelled=mean_or_zero(soft_cross_entropy(weak, refined), logits),
            loss_unlabelled=self.unlabelled_weight(age)
            * mean_or_zero(masked_cross_entropy(strong, pseudo, mask), logits),
            pseudo_label_share=mean_or_zero(mask, logits.detach()),
        )
        if self.prior_weight:
            losses['loss_prior'] = self.prior_weight * prior_penalty(logits)
        return losses
