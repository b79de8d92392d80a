"""Upstream's heads on a batch of columns: the same calls of the same modules, without a DataSample for each image."""

from typing import Any

import torch.nn.functional as F
from mmpretrain.models import ClsHead
from torch import Tensor

from ...sample_batch import unlisted
from ...stamps import loss_targets, write_predictions


def head_loss(head: Any, feats: Any, data_samples: Any, **kwargs) -> dict:
    """``head.loss(feats, data_samples, **kwargs)`` of any head."""
    if _is_upstreams(head, data_samples, 'loss'):
        return score_loss(head, head(feats), data_samples, **kwargs)
    return head.loss(feats, data_samples, **kwargs)


def score_loss(head: Any, cls_score: Tensor, data_samples: Any, **kwargs) -> dict:
    """``head._get_loss(cls_score, data_samples, **kwargs)`` of any head with scores (B, K)."""
    if not _is_upstreams(head, data_samples, '_get_loss') or head.cal_acc:
        return head._get_loss(cls_score, data_samples, **kwargs)
    target = loss_targets(data_samples)
    return dict(loss=head.loss_module(cls_score, target, avg_factor=cls_score.size(0), **kwargs))


def head_predictions(head: Any, feats: Any, data_samples: Any, **kwargs) -> Any:
    """``head.predict(feats, data_samples, **kwargs)`` of any head."""
    if kwargs or not all(_is_upstreams(head, data_samples, name) for name in ('predict', '_get_predictions')):
        return head.predict(feats, data_samples, **kwargs)
    scores = F.softmax(head(feats), dim=1)
    return write_predictions(data_samples, scores, dict(pred_label=scores.argmax(dim=1)))


def _is_upstreams(head: Any, data_samples: Any, method: str) -> bool:
    """Whether the samples are columns, and the head has not its own idea of this method."""
    return unlisted(data_samples) is not None and getattr(type(head), method, None) is getattr(ClsHead, method)
