from .digits import Digits
from .label_noise import LabelNoise
from .stream_sampler import StreamSampler

__all__ = ['Digits', 'LabelNoise', 'StreamSampler']
