import copy
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModel
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...registry import MODELS
from ...stamps import read_weights, sample_indices, write_predictions
from ..data_preprocessors.sample_data_preprocessor import sample_preprocessor
from ..heads.head_loss import head_loss

PREDICTORS = ('ensemble', 'net1', 'net2')


def built_module(node, path: str = 'network') -> Optional[str]:
    """Where in a config an already built module hides, such as ``'network.backbone'``; None where there is none."""
    if isinstance(node, nn.Module):
        return path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    return next((found for key, item in items if (found := built_module(item, f'{path}.{key}'))), None)


@MODELS.register_module()
class TwoNetworks(BaseModel):
    """Two networks of the same architecture and of different initial weights, trained as one model.

    One optimizer over both gives the weights that two optimizers would give, because no parameter is shared (norm
    clipping and the scale of AMP aside). :meth:`loss` trains each network on the whole batch; methods override it.

    A checkpoint of a single classifier can be loaded into both: by ``init_cfg=dict(type='Pretrained', checkpoint=...)``
    or the runner's ``load_from``.

    Args:
        network (dict): Config of an mmpretrain classifier with a head, built twice. Its ``train_cfg`` (batch augments)
            and, where none is given here, its ``data_preprocessor`` serve both networks.
        data_preprocessor (dict, optional): As in :class:`mmpretrain.models.ImageClassifier`.
        predict_with (str): ``'ensemble'`` (sum of both logits), ``'net1'`` or ``'net2'``. Defaults to ``'ensemble'``.
        init_cfg (dict, optional): Initialization of both. Defaults to None.

    Raises:
        TypeError: ``network`` is or holds an already built module: both networks would be the same.
        ValueError: Unknown ``predict_with``.
    """

    #: Of a subclass with a loss of its own: whether that passes each image of the batch, as it is, through each network
    #: once.
    plain_logits = False

    def __init__(
        self,
        network: dict,
        data_preprocessor: Optional[dict] = None,
        predict_with: str = 'ensemble',
        init_cfg: Optional[dict] = None,
    ):
        built = built_module(network)
        if built or not isinstance(network, dict):
            raise TypeError(
                f'{type(self).__name__}: {built or "network"} must be a config dict, not a built module: '
                'it is built twice, with different initial weights.'
            )
        if predict_with not in PREDICTORS:
            raise ValueError(
                f'{type(self).__name__}: predict_with must be one of {", ".join(PREDICTORS)}, not {predict_with!r}.'
            )
        network = copy.deepcopy(network)
        network.setdefault('type', 'ImageClassifier')
        preprocessor = sample_preprocessor(data_preprocessor or network.get('data_preprocessor'))
        augments = network.pop('train_cfg', None)
        if augments is not None:
            preprocessor.setdefault('batch_augments', augments)
        network.pop('data_preprocessor', None)
        super().__init__(data_preprocessor=MMPRETRAIN_MODELS.build(preprocessor), init_cfg=init_cfg)
        self.predict_with = predict_with
        self.net1, self.net2 = (MMPRETRAIN_MODELS.build(copy.deepcopy(network)) for _ in range(2))
        self._register_load_state_dict_pre_hook(self._single_into_both)

    def forward(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None, mode: str = 'tensor'):
        """As :meth:`mmpretrain.models.ImageClassifier.forward`.

        Args:
            inputs (Tensor): (B, C, H, W).
            data_samples (list[DataSample], optional): B samples, needed by ``'loss'``.
            mode (str): ``'tensor'``, ``'predict'`` or ``'loss'``. Defaults to ``'tensor'``.

        Returns:
            Logits (B, K) of ``predict_with``, a list of B DataSamples, or a dict of losses.
        """
        if mode == 'tensor':
            return self.logits(inputs)[self.predict_with]
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        raise RuntimeError(f'Invalid mode "{mode}".')

    def logits(self, inputs: Tensor) -> Dict[str, Tensor]:
        """``{'ensemble', 'net1', 'net2'}``: (B, K) each; the ensemble's are the sum of both networks'."""
        net1, net2 = self.net1(inputs), self.net2(inputs)
        return dict(ensemble=net1 + net2, net1=net1, net2=net2)

    def predict(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
        """``pred_score`` (K,) and ``pred_label`` (1,) of ``predict_with``, and ``pred_label_<name>`` of all three."""
        logits = self.logits(inputs)
        scores = logits[self.predict_with].float().softmax(1)
        labels = {name: value.argmax(1) for name, value in logits.items()}
        named = {f'pred_label_{name}': label for name, label in labels.items()}
        data_samples = [DataSample() for _ in scores] if data_samples is None else data_samples
        return write_predictions(data_samples, scores, dict(pred_label=labels[self.predict_with], **named))

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """``loss_net1`` and ``loss_net2``, means over the batch, and the networks' penalties."""
        weight = self.weights(data_samples, inputs.device)
        loss1, loss2 = self.sample_losses(inputs, data_samples)
        return dict(loss_net1=(loss1 * weight).mean(), loss_net2=(loss2 * weight).mean(), **self.penalties())

    def sample_losses(self, inputs: Tensor, data_samples: List[DataSample]) -> Tuple[Tensor, Tensor]:
        """Loss of each sample in each network, (B,) and (B,), not weighted by ``sample_weight``."""
        loss1, loss2 = (self.losses_and_logits(net, inputs, data_samples)[0] for net in (self.net1, self.net2))
        return loss1, loss2

    @staticmethod
    def losses_and_logits(net, inputs: Tensor, data_samples: List[DataSample]) -> Tuple[Tensor, Tensor]:
        """Per-sample losses and logits of one network from a single forward pass, for any mmpretrain head and loss.

        Half-precision logits are brought to float32 before the loss. ``sample_weight`` is left out: what is small is
        to be judged by the loss alone, see :meth:`weights`.

        Args:
            net (nn.Module): ``self.net1`` or ``self.net2``.
            inputs (Tensor): (B, C, H, W).
            data_samples (list[DataSample]): B samples with ``gt_label`` or ``gt_score``.

        Returns:
            tuple[Tensor, Tensor]: (B,) and (B, K).

        Raises:
            ValueError: The loss does not honour ``reduction_override='none'``.
        """
        kwargs: Dict[str, Any] = dict(reduction_override='none')
        if getattr(getattr(net.head, 'loss_module', None), 'needs_sample_idx', False):
            kwargs['sample_idx'] = sample_indices(data_samples, inputs.device)
        caught = []

        def catch(module, args, output):
            caught.append(output.float() if output.dtype in (torch.float16, torch.bfloat16) else output)
            return caught[-1]

        feats = net.extract_feat(inputs)
        handle = net.head.register_forward_hook(catch)
        try:
            terms = [
                term for name, term in head_loss(net.head, feats, data_samples, **kwargs).items() if 'loss' in name
            ]
        finally:
            handle.remove()
        if any(term.shape != (len(data_samples),) for term in terms):
            raise ValueError(
                f'{type(net.head).__name__}: its loss gives shape {tuple(terms[0].shape)} for a batch of '
                f"{len(data_samples)} under reduction_override='none'; one value a sample is needed."
            )
        return sum(terms), caught[-1]

    @staticmethod
    def weights(data_samples: List[DataSample], device=None) -> Tensor:
        """Stamped ``sample_weight`` of a batch, (B,); ones where nothing was stamped."""
        weight = read_weights(data_samples, device)
        return torch.ones(len(data_samples), device=device) if weight is None else weight

    def penalties(self, networks: Sequence[int] = (0, 1)) -> Dict[str, Tensor]:
        """``loss_net<i>_<penalty>`` of those ``networks`` that have penalties (:class:`SampleAwareClassifier`)."""
        found = {}
        for i in networks:
            net = (self.net1, self.net2)[i]
            losses = net.penalty_losses() if hasattr(net, 'penalty_losses') else {}
            found.update((f'loss_net{i + 1}_{name[len("loss_") :]}', value) for name, value in losses.items())
        return found

    def _single_into_both(self, state_dict, prefix, *args) -> None:
        """Turn the weights of a single classifier into those of both networks, in place."""
        if any(key.startswith((f'{prefix}net1.', f'{prefix}net2.')) for key in state_dict):
            return
        names = [name for name in self.net1.state_dict() if prefix + name in state_dict]
        for name in names:
            value = state_dict.pop(prefix + name)
            state_dict[f'{prefix}net1.{name}'], state_dict[f'{prefix}net2.{name}'] = value, value
