from .digits import Digits
from .fashion_mnist import FashionMNIST
from .label_noise import LabelNoise
from .stream_sampler import StreamSampler

__all__ = [
    'Digits',
    'FashionMNIST',
    'LabelNoise',
    'StreamSampler',
]
