import torch

from ...functional.mixing import draw_mix, mix
from ...functional.objectives import prior_penalty, soft_cross_entropy
from ...functional.soft_labels import bootstrap
from ...registry import MODELS
from .semi_supervised_step import SemiSupervisedStep

KINDS = ('hard', 'soft')


@MODELS.register_module()
class BootstrappingStep(SemiSupervisedStep):
    """Dynamic bootstrapping with mixup: each label is corrected as far as it is not trusted, then mixed.

    `Unsupervised Label Noise Modeling and Loss Correction <https://arxiv.org/abs/1904.11238>`_ (M-DYR-H, M-DYR-S).
    Cross entropy of the mixed images against ``lam t_a + (1 - lam) t_b`` with ``t = w y + (1 - w) z``, where w is
    ``p_clean`` and z the prediction on the image before mixing, without gradient. All views of a sample have their own z.
    Samples that are not ``labelled`` have w = 0.

    Args:
        kind (str): ``'hard'`` (z is one-hot) or ``'soft'``. Defaults to ``'hard'``.
        alpha (float): Of the Beta distribution of ``lam``; 0 for no mixup. Defaults to 32.
        prior_weight (float): Weight of KL(uniform || mean prediction). Defaults to 1.

    Raises:
        ValueError: An option out of range.
    """

    min_views = 1
    learns_in_warmup = True

    def __init__(self, kind: str = 'hard', alpha: float = 32, prior_weight: float = 1):
        super().__init__(lambda_u=0, prior_weight=prior_weight)
        if kind not in KINDS or alpha < 0:
            raise ValueError(
                f'BootstrappingStep: kind must be one of {", ".join(KINDS)} and alpha >= 0, not {kind!r} and {alpha}.'
            )
        self.kind, self.alpha = kind, alpha

    def __call__(self, network, views, label, p_clean, labelled, unlabelled, own, guess, age=0.0):
        trust = torch.zeros_like(p_clean).index_copy(0, labelled, p_clean[labelled])
        target = torch.cat([bootstrap(label, trust, probability, self.kind) for probability in own])
        images = views.flatten(0, 1)
        if self.alpha:
            lam, order = draw_mix(len(images), self.alpha, images.device)
            images, target = mix(images, lam, order), mix(target, lam, order)
        logits = network(images).float()
        losses = dict(loss_bootstrap=soft_cross_entropy(logits, target).mean())
        if self.prior_weight:
            losses['loss_prior'] = self.prior_weight * prior_penalty(logits)
        return losses
