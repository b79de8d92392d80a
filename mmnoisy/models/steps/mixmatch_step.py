import torch

from ...functional.mixing import draw_mix, mix
from ...functional.objectives import brier, prior_penalty, soft_cross_entropy
from ...functional.soft_labels import co_guess, co_refine
from ...registry import MODELS
from .semi_supervised_step import SemiSupervisedStep, mean_or_zero


@MODELS.register_module()
class MixMatchStep(SemiSupervisedStep):
    """MixMatch with co-refined labels and co-guessed targets, as DivideMix uses it.

    `MixMatch: A Holistic Approach to Semi-Supervised Learning <https://arxiv.org/abs/1905.02249>`_,
    `DivideMix: Learning with Noisy Labels as Semi-supervised Learning <https://arxiv.org/abs/2002.07394>`_.
    All views of all samples are mixed with one another by one ``lam``; the first part counts as labelled (soft cross
    entropy), the rest as unlabelled (squared error of the probabilities).

    Args:
        lambda_u (float): Weight of the unlabelled loss. Defaults to 25.
        alpha (float): Of the Beta distribution of ``lam``. Defaults to 4.
        labelled_only (bool): Mix with unlabelled samples but learn from the labelled part alone, the paper's recipe for
            Clothing1M and WebVision. Defaults to False.
        **kwargs: See :class:`SemiSupervisedStep`.
    """

    def __init__(self, lambda_u: float = 25, alpha: float = 4, labelled_only: bool = False, **kwargs):
        super().__init__(lambda_u, **kwargs)
        if alpha <= 0:
            raise ValueError(f'MixMatchStep: alpha must be > 0, not {alpha}.')
        self.alpha, self.labelled_only = alpha, labelled_only

    def __call__(self, network, views, label, p_clean, labelled, unlabelled, own, guess, age=0.0):
        refined = co_refine(label[labelled], p_clean[labelled], own[:, labelled], self.temperature)
        guessed = co_guess(guess[:, unlabelled], self.temperature)
        count = len(views)
        images = torch.cat([views.index_select(1, rows).flatten(0, 1) for rows in (labelled, unlabelled)])
        target = torch.cat([refined.repeat(count, 1), guessed.repeat(count, 1)])
        lam, order = draw_mix(len(images), self.alpha, images.device)
        images, target = mix(images, lam, order), mix(target, lam, order)
        size = count * len(labelled)
        if self.labelled_only and size:
            images, target = images[:size], target[:size]
        logits = network(images).float()
        losses = dict(loss_labelled=mean_or_zero(soft_cross_entropy(logits[:size], target[:size]), logits))
        if not self.labelled_only:
            losses['loss_unlabelled'] = self.unlabelled_weight(age) * mean_or_zero(
                brier(logits[size:], target[size:]), logits
            )
        if self.prior_weight:
            losses['loss_prior'] = self.prior_weight * prior_penalty(logits)
        return losses
