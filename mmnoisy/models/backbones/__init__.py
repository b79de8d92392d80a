from .cnn3 import CNN3
from .cnn8 import CNN8
from .cnn9 import CNN9
from .feature_probe import FeatureProbe
from .preact_resnet import PreActResNet
from .pretrained import PretrainedBackbone, build_backbone
from .small_unet import SmallUNet

__all__ = [
    'CNN3',
    'CNN8',
    'CNN9',
    'FeatureProbe',
    'PreActResNet',
    'PretrainedBackbone',
    'SmallUNet',
    'build_backbone',
]
