from .cnn3 import CNN3
from .preact_resnet import PreActResNet

__all__ = ['CNN3', 'PreActResNet']
