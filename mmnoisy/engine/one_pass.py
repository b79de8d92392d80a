from typing import Any, Callable, Dict, Optional

from mmpretrain.models import ClsHead, ImageClassifier
from torch import Tensor, nn

from ..models.classifiers.sample_aware import SampleAwareClassifier
from ..models.classifiers.two_networks import TwoNetworks


class OnePass:
    """A network for the measures of a sweep: what several of them ask of a batch is computed once.

    ``extract_feat``, ``logits`` and the logits of a call are kept until another batch is asked for; everything else is the
    network's own.

    Args:
        network (nn.Module): The network, unwrapped.
    """

    def __init__(self, network: nn.Module):
        self.network: Any = network
        self._inputs: Optional[Tensor] = None
        self._kept: Dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def __call__(self, inputs: Tensor, data_samples=None, mode: str = 'tensor'):
        """As the network's own call."""
        if mode != 'tensor':
            return self.network(inputs, data_samples, mode=mode)
        if type(self.network).forward is ImageClassifier.forward:
            return self._once('tensor', inputs, lambda: self.network.head(self.extract_feat(inputs)))
        if type(self.network).forward is TwoNetworks.forward:
            return self.logits(inputs)[self.network.predict_with]
        return self._once('tensor', inputs, lambda: self.network(inputs, mode='tensor'))

    def extract_feat(self, inputs: Tensor):
        """What the network's ``extract_feat`` gives."""
        return self._once('features', inputs, lambda: self.network.extract_feat(inputs))

    def logits(self, inputs: Tensor) -> Dict[str, Tensor]:
        """What a model of two networks gives, by network."""
        return self._once('logits', inputs, lambda: self.network.logits(inputs))

    def _once(self, what: str, inputs: Tensor, compute: Callable[[], Any]) -> Any:
        if inputs is not self._inputs:
            self._inputs, self._kept = inputs, {}
        if what not in self._kept:
            self._kept[what] = compute()
        return self._kept[what]


def predicts_by_softmax(network: nn.Module) -> bool:
    """Whether what a network predicts is the softmax of its logits, as in mmpretrain's own classifiers."""
    head = getattr(network, 'head', None)
    return (
        isinstance(network, ImageClassifier)
        and isinstance(head, ClsHead)
        and type(network).predict in (ImageClassifier.predict, SampleAwareClassifier.predict)
        and type(head).predict is ClsHead.predict
        and type(head)._get_predictions is ClsHead._get_predictions
    )
