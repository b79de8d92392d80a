from typing import List, Optional, Tuple

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...stamps import read_targets
from .head_loss import score_loss


class GroupAttention(BaseModule):
    """Attention weights of groups of features: a linear layer for each place in the group, ReLU, sum, linear layer.

    One sigmoid ``w`` gives the weights ``(w, 1 - w)`` of a pair. Larger groups use its generalisation, a softmax whose
    last logit is 0.

    Args:
        in_channels (int): Width of the features.
        channels (int): Width of the hidden layers.
        group_size (int): Members of a group.
    """

    def __init__(self, in_channels: int, channels: int, group_size: int):
        # PyTorch's own initialisation of linear layers: the head's small one would keep the weights equal for long.
        super().__init__(
            init_cfg=dict(
                type='Kaiming',
                layer='Linear',
                a=5**0.5,
                mode='fan_in',
                distribution='uniform',
                nonlinearity='leaky_relu',
            )
        )
        self.project = nn.ModuleList(nn.Linear(in_channels, channels) for _ in range(group_size))
        self.score = nn.Linear(channels, group_size - 1)

    def forward(self, groups: Tensor) -> Tensor:
        """Features (G, group_size, C) to weights (G, group_size) in [0, 1], each row summing to 1."""
        hidden = sum(layer(groups[:, place]).relu() for place, layer in enumerate(self.project))
        score = self.score(hidden)
        return torch.cat([score, score.new_zeros(len(score), 1)], 1).softmax(1)


@MODELS.register_module()
class AttentionFeatureMixupHead(LinearClsHead):
    """Linear head that also classifies attention-weighted mixtures of the batch's features.

    `Suppressing Mislabeled Data via Grouping and Self-Attention <https://arxiv.org/abs/2010.15603>`_. The batch is cut
    into random groups; a mixed feature ``sum_k w_k x_k`` has the target ``sum_k w_k y_k``, so the attention lowers the
    loss by turning to the members whose labels fit. One classifier serves both paths; at test there is only the plain
    one. Samples left over from the last group, and a batch smaller than a group, take the plain path only, and so do
    samples whose ``weight`` is 0.

    Args:
        num_classes (int): Number of classes.
        in_channels (int): Width of the features.
        group_size (int): Members of a group, at least 2. Defaults to 2, the paper's choice.
        attention_channels (int, optional): Hidden width of the attention; three quarters of ``in_channels`` where
            None, as in the official code.
        afm_weight (float): Share of the mixed path in the loss, in [0, 1]; the plain path has the rest. Defaults to
            0.75, as in the official code.
        equal_targets (bool): Targets mixed in equal parts whatever the attention, as the official code does, in place
            of the paper's. Defaults to False.
        **kwargs: See :class:`mmpretrain.models.LinearClsHead`; ``loss`` is any loss that takes soft targets.

    Raises:
        ValueError: ``group_size`` or ``afm_weight`` out of range, or a loss that keeps something per sample.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        group_size: int = 2,
        attention_channels: Optional[int] = None,
        afm_weight: float = 0.75,
        equal_targets: bool = False,
        **kwargs,
    ):
        super().__init__(num_classes, in_channels, **kwargs)
        if group_size < 2:
            raise ValueError(f'AttentionFeatureMixupHead: group_size must be at least 2, not {group_size}.')
        if not 0 <= afm_weight <= 1:
            raise ValueError(f'AttentionFeatureMixupHead: afm_weight must be in [0, 1], not {afm_weight}.')
        if getattr(self.loss_module, 'needs_sample_idx', False):
            raise ValueError(
                f'AttentionFeatureMixupHead: {type(self.loss_module).__name__} keeps something per sample, but a mixed '
                'feature belongs to no sample. Choose another loss.'
            )
        self.group_size = group_size
        self.afm_weight = afm_weight
        self.equal_targets = equal_targets
        self.attention = GroupAttention(in_channels, attention_channels or max(1, in_channels * 3 // 4), group_size)
        self._warned = False

    def loss(self, feats: Tuple[Tensor], data_samples: List[DataSample], weight: Optional[Tensor] = None) -> dict:
        """Losses of both paths.

        Args:
            feats (tuple[Tensor]): The last is (B, C).
            data_samples (list[DataSample]): B samples with ``gt_label`` or ``gt_score``.
            weight (Tensor, optional): Factor on each sample's loss, (B,). A mixture has the weighted mean of its
                members' factors.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_afm`` (each with its share) and the diagnostic ``attention_max``, the
            mean of the groups' largest weights.
        """
        features = self.pre_logits(feats)
        # Not passed where it is None: losses of other packages may not take it.
        kwargs = {} if weight is None else dict(weight=weight)
        losses = score_loss(self, self.fc(features), data_samples, **kwargs)
        losses['loss'] = losses['loss'] * (1 - self.afm_weight)
        groups = self.random_groups(len(features), weight, features.device)
        if not len(groups):
            # DDP waits for the gradient of every parameter.
            losses['loss_afm'] = sum(parameter.sum() for parameter in self.attention.parameters()) * 0
            return losses
        target = self.mixing_targets(data_samples, features)
        attention = self.attention(features[groups])
        mixed = torch.einsum('gk,gkc->gc', attention, features[groups])
        share = torch.full_like(attention, 1 / self.group_size) if self.equal_targets else attention
        mixed_target = torch.einsum('gk,gkc->gc', share, target[groups])
        if weight is not None:
            # Without gradient: the attention shall not learn to avoid heavy samples.
            kwargs = dict(weight=(share.detach() * weight[groups]).sum(1))
        loss = self.loss_module(self.fc(mixed), mixed_target, avg_factor=len(groups), **kwargs)
        losses['loss_afm'] = loss * self.afm_weight
        losses['attention_max'] = attention.detach().amax(1).mean()
        return losses

    def random_groups(self, size: int, weight: Optional[Tensor], device) -> Tensor:
        """Rows of a batch in random groups, (G, group_size); G is 0 where too few samples have a weight."""
        order = torch.randperm(size, device=device)
        if weight is not None:
            order = order[weight[order] > 0]
        count = len(order) // self.group_size
        if size < self.group_size and not self._warned:
            self._warned = True
            print_log(
                f'AttentionFeatureMixupHead: a batch of {size} is smaller than group_size={self.group_size} '
                'and takes the plain path only.',
                logger='current',
                level=30,
            )
        return order[: count * self.group_size].view(count, self.group_size)

    def mixing_targets(self, data_samples: List[DataSample], features: Tensor) -> Tensor:
        """Soft targets of a batch, (B, K), in the dtype of the features."""
        return read_targets(data_samples, self.num_classes, features.device).to(features)
