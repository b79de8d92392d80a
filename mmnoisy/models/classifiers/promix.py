import copy
from typing import List, Optional

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from ...functional.agreement import guess_by_agreement
from ...functional.debias import debiased_logits
from ...functional.mixing import draw_fmix, draw_mix, mix
from ...functional.objectives import soft_cross_entropy
from ...functional.soft_labels import sharpen
from ...progress import current_epoch, linear_ramp
from ...registry import MODELS
from ...stamps import read_division, read_targets
from ..losses.robust_loss import check_numbers
from ..steps.semi_supervised_step import mean_or_zero
from .semi_supervised import check_views, first_view
from .two_networks import TwoNetworks

#: Rows of what is kept of the classes that a network leans to.
RELIABLE, UNRELIABLE = 0, 1


@MODELS.register_module()
class ProMix(TwoNetworks):
    """Two networks, each with a second head for what is less sure; a batch's clean samples are found by matching predictions.

    `ProMix: Combating Label Noise via Maximizing Clean Sample Utility <https://arxiv.org/abs/2207.10276>`_.
    :class:`mmnoisy.ProMixHook` stamps, for each network, its samples of small loss in each class; batches without a stamp are
    the warm-up: each network's head and loss on the weak view. After that a network believes a label that is stamped, or to
    which it gives more than ``confidence``; from ``guess_begin`` on it learns also samples on whose class both networks agree.
    These *reliable* samples train both heads: cross entropy of the weak view and, ramped up, of the strong view, of mixup and
    of FMix. The others train the second head alone, early on, against the sharpened prediction of the first. Logits and guesses
    are corrected by the classes that the network leans to on reliable and on other samples (a moving mean of its predictions,
    the same on all ranks). Tests use the first heads.

    Args:
        network (dict): See :class:`TwoNetworks`; its head is built a second time.
        confidence (float): tau, in (0, 1). Defaults to 0.99.
        guess_begin (int, optional): Epoch, from 0, from which labels are guessed; None: never. Defaults to None.
        guess_share (float): Largest share of a batch that is reliable with the guessed ones, in [0, 1]. Defaults to 0.9.
        ramp_epochs (float): Epochs of the run over which the weight of distorted and mixed images grows to 1. Defaults to 50.
        unreliable_weight (float): Weight of the other samples' loss: it grows to this over twice ``ramp_epochs`` and is 0
            then, as in the official code; >= 0. Defaults to 0.1.
        temperature (float): Of sharpening, in (0, 1]. Defaults to 0.5.
        debias (float): Strength of both corrections, >= 0. Defaults to 0.8.
        momentum (float): Of the classes that a network leans to, in [0, 1). Defaults to 0.9999.
        alpha (float): Of mixup's Beta distribution, above 0. Defaults to 4.
        fmix (bool): Mix by masks, too; needs images. Defaults to True.
        **kwargs: See :class:`TwoNetworks`.

    Raises:
        ValueError: An option out of range; a head whose loss keeps something per sample; training batches that have not two
            views, the weak one first, or FMix of features.
    """

    def __init__(
        self,
        network: dict,
        *,
        confidence: float = 0.99,
        guess_begin: Optional[int] = None,
        guess_share: float = 0.9,
        ramp_epochs: float = 50,
        unreliable_weight: float = 0.1,
        temperature: float = 0.5,
        debias: float = 0.8,
        momentum: float = 0.9999,
        alpha: float = 4.0,
        fmix: bool = True,
        **kwargs,
    ):
        super().__init__(network, **kwargs)
        check_numbers('ProMix', ramp_epochs=ramp_epochs, unreliable_weight=unreliable_weight, debias=debias)
        if not (
            0 < confidence < 1 and 0 <= guess_share <= 1 and 0 < temperature <= 1 and 0 <= momentum < 1 and alpha > 0
        ):
            raise ValueError(
                'ProMix: confidence must be in (0, 1), guess_share in [0, 1], temperature in (0, 1], momentum in [0, 1) and '
                f'alpha above 0, not {confidence}, {guess_share}, {temperature}, {momentum} and {alpha}.'
            )
        if getattr(getattr(self.net1.head, 'loss_module', None), 'needs_sample_idx', False):
            raise ValueError(
                f'ProMix: {type(self.net1.head.loss_module).__name__} keeps something per sample, but mixed images and the '
                'second head have no sample of their own. Choose another loss.'
            )
        self.confidence, self.guess_begin, self.guess_share = confidence, guess_begin, guess_share
        self.ramp_epochs, self.unreliable_weight, self.temperature = ramp_epochs, unreliable_weight, temperature
        self.debias, self.momentum, self.alpha, self.fmix = debias, momentum, alpha, fmix
        self.second1, self.second2 = (MMPRETRAIN_MODELS.build(copy.deepcopy(network['head'])) for _ in range(2))
        classes = self.net1.head.num_classes
        #: Classes that each network leans to, on reliable and on other samples: (2, 2, K).
        self.register_buffer('prior', torch.full((2, 2, classes), 1 / classes))

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_net<i>``, ``loss_net<i>_second``, the shares of reliable and guessed samples; inputs (2, B, C, H, W)."""
        division = read_division(data_samples)
        if division is None:
            losses = super().loss(first_view(inputs), data_samples)
            # DDP waits for the gradient of every parameter.
            seconds = [*self.second1.parameters(), *self.second2.parameters()]
            return dict(losses, loss_net1=losses['loss_net1'] + 0 * sum(p.sum() for p in seconds))
        self.check_inputs(inputs)
        # One pass a view, as in the official code: BatchNorm normalises each view by itself.
        logits = [torch.stack([self.heads(i, view) for view in inputs]) for i in range(2)]
        label = read_targets(data_samples, logits[0].size(3), inputs.device)
        # First heads on the weak view.
        first = torch.stack([found[0, 0].detach() for found in logits])
        probabilities = first.softmax(2)
        believed = division.labelled.T.to(inputs.device) | ((probabilities * label).sum(2) > self.confidence)
        guessed = self.guessed(believed, probabilities)
        losses = {}
        for i, found in enumerate(logits):
            guess = debiased_logits(first[i], self.prior[i, RELIABLE], -self.debias).argmax(1)
            target = torch.where(believed[i, :, None], label, F.one_hot(guess, label.size(1)).to(label))
            reliable = believed[i] | guessed[i]
            losses[f'loss_net{i + 1}'] = self.reliable_loss(i, 0, inputs[0], found[:, 0], target, reliable)
            losses[f'loss_net{i + 1}_second'] = self.reliable_loss(
                i, 1, inputs[0], found[:, 1], target, reliable
            ) + self.unreliable_loss(i, first[i], found[:, 1], ~reliable)
            losses.update(
                {f'net{i + 1}_reliable': reliable.float().mean(), f'net{i + 1}_guessed': guessed[i].float().mean()}
            )
        self.follow(probabilities, believed | guessed)
        return dict(losses, **self.penalties())

    def heads(self, network: int, images: Tensor) -> Tensor:
        """Logits of both heads of a network, (2, M, K) float32."""
        net, second = ((self.net1, self.second1), (self.net2, self.second2))[network]
        feats = net.extract_feat(images)
        return torch.stack([net.head(feats), second(feats)]).float()

    def guessed(self, believed: Tensor, probabilities: Tensor) -> Tensor:
        """Samples that are learnt with a guessed label, by both networks' probabilities (2, B, K): (2, B) bool."""
        if self.guess_begin is None or current_epoch() < self.guess_begin:
            return torch.zeros_like(believed)
        return torch.stack(
            [guess_by_agreement(selected, probabilities, self.confidence, self.guess_share) for selected in believed]
        )

    def reliable_loss(
        self, network: int, head: int, images: Tensor, logits: Tensor, target: Tensor, reliable: Tensor
    ) -> Tensor:
        """A head's loss on the reliable samples of a batch.

        Args:
            network (int): 0 or 1.
            head (int): 0 or 1.
            images (Tensor): Weak view, (B, C, H, W).
            logits (Tensor): Of the head on both views, (2, B, K).
            target (Tensor): (B, K).
            reliable (Tensor): (B,) bool.
        """
        rows = reliable.nonzero().squeeze(1)
        images, target = images[rows], target[rows]
        weak, strong = (mean_or_zero(self.cross_entropy(network, view[rows], target), logits) for view in logits)
        ramp = linear_ramp(current_epoch(), self.ramp_epochs)
        if len(rows) < 2:
            return weak + ramp * strong
        return weak + ramp * (strong + self.mixed_loss(network, head, images, target))

    def mixed_loss(self, network: int, head: int, images: Tensor, target: Tensor) -> Tensor:
        """Loss of a head on M images mixed with one another, by mixup and, if asked for, by FMix."""

        def loss(mask, lam: float, order: Tensor) -> Tensor:
            logits = self.heads(network, mix(images, mask, order))[head]
            return self.cross_entropy(network, logits, mix(target, lam, order)).mean()

        (size, _, height, width), device = images.shape, images.device
        lam, order = draw_mix(size, self.alpha, device)
        total = loss(lam, lam, order)
        if self.fmix:
            lam, mask, order = draw_fmix(size, height, width, device=device)
            total = total + loss(mask, lam, order)
        return total

    def unreliable_loss(self, network: int, first: Tensor, logits: Tensor, rest: Tensor) -> Tensor:
        """Loss of the second head, whose logits are (2, B, K), on the samples ``rest``, by the first head's logits (B, K)."""
        epoch = current_epoch()
        if epoch >= 2 * self.ramp_epochs:
            return logits.sum() * 0
        prior, rows = self.prior[network, UNRELIABLE], rest.nonzero().squeeze(1)
        target = sharpen(debiased_logits(first[rows], prior, -self.debias).softmax(1), self.temperature)
        weak, strong = (
            mean_or_zero(soft_cross_entropy(debiased_logits(view[rows], prior, self.debias), target), logits)
            for view in logits
        )
        weight = self.unreliable_weight * linear_ramp(epoch, 2 * self.ramp_epochs)
        return weight * (weak + linear_ramp(epoch, self.ramp_epochs) * strong)

    def cross_entropy(self, network: int, logits: Tensor, target: Tensor) -> Tensor:
        """Of corrected logits, (M, K), (M, K) -> (M,)."""
        return soft_cross_entropy(debiased_logits(logits, self.prior[network, RELIABLE], self.debias), target)

    @torch.no_grad()
    def follow(self, probabilities: Tensor, reliable: Tensor) -> None:
        """Move the classes that networks lean to towards the mean of a batch, (2, B, K) and (2, B), of all ranks. Collective."""
        sets = torch.stack([reliable, ~reliable], 1).to(probabilities)
        sums = torch.cat([sets @ probabilities, sets.sum(2, keepdim=True)], 2)
        all_reduce(sums)
        total, count = sums[..., :-1], sums[..., -1:]
        moved = self.momentum * self.prior + (1 - self.momentum) * total / count.clamp_min(1)
        self.prior.copy_(torch.where(count > 0, moved, self.prior))

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images that are not of two views, and FMix of features."""
        check_views(self, inputs, 2)
        if self.fmix and inputs.size(3) * inputs.size(4) == 1:
            raise ValueError('ProMix: features have no pixels to mix by a mask: set fmix=False.')
