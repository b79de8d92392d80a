from typing import Any, List, Optional, Tuple

import torch
from mmengine.dist import all_reduce
from mmpretrain.models import ClsHead, ImageClassifier
from torch import Tensor, nn

from ..models.classifiers.sample_aware import SampleAwareClassifier
from ..models.classifiers.two_networks import TwoNetworks
from ..stamps import sample_indices
from .model_parts import unwrap


class TrainingPredictions:
    """What a model predicted for each sample while it trained on it, at no cost but an argmax.

    Forward hooks on the heads catch the logits of the training passes: those of the training transforms and of the
    weights of that iteration.

    Args:
        model (nn.Module): A model of which :func:`plain_heads` finds the heads, wrapped or not.
        size (int): N, samples in the training set.
    """

    def __init__(self, model: nn.Module, size: int):
        self.heads, self.size = plain_heads(unwrap(model)), size
        self._caught: List[Tuple[nn.Module, Tensor]] = []
        self._rows: List[Tuple[Tensor, Tensor]] = []
        self._handles = [head.register_forward_hook(self._catch) for head in self.heads]

    def before_iter(self) -> None:
        """Forget what was caught so far."""
        self._caught.clear()

    def after_iter(self, data_samples) -> None:
        """Keep what the model predicted for a batch; nothing where not each head gave one row of logits a sample."""
        logits = dict(self._caught)
        whole = all(value.ndim == 2 and len(value) == len(data_samples) for value in logits.values())
        if len(self._caught) == len(self.heads) == len(logits) and whole:
            self._rows.append((sample_indices(data_samples), sum(logits.values()).argmax(1)))  # type: ignore[union-attr]
        self._caught.clear()

    def collect(self) -> Tensor:
        """Predicted labels since the last call, (N,) int64, -1 where a sample was not seen; on the CPU. Collective."""
        found = torch.full((self.size,), -1, dtype=torch.int64)
        if self._rows:
            index, predicted = (torch.cat(part).cpu() for part in zip(*self._rows))
            found[index] = predicted
        self._rows.clear()
        all_reduce(found, 'max')
        return found

    def close(self) -> None:
        """Take the hooks off the heads."""
        for handle in self._handles:
            handle.remove()

    def _catch(self, head: nn.Module, inputs, logits: Tensor) -> None:
        if head.training:
            self._caught.append((head, logits.detach()))


def plain_heads(model: Any) -> List[nn.Module]:
    """The heads whose logits in training, summed, are the model's prediction for the images of the batch.

    Empty where there are none: images are mixed, or the loss makes several passes or others than of the batch.
    """
    if getattr(model.data_preprocessor, 'batch_augments', None) is not None:
        return []
    if isinstance(model, TwoNetworks) and (type(model).loss is TwoNetworks.loss or model.plain_logits):
        networks = dict(net1=[model.net1], net2=[model.net2], ensemble=[model.net1, model.net2])[model.predict_with]
    elif type(model).loss in (ImageClassifier.loss, SampleAwareClassifier.loss):
        networks = [model]
    else:
        return []
    heads: List[Optional[nn.Module]] = [getattr(network, 'head', None) for network in networks]
    return [head for head in heads if head is not None] if all(map(_is_plain, heads)) else []


def _is_plain(head) -> bool:
    return isinstance(head, ClsHead) and type(head).loss is ClsHead.loss
