from .digits import Digits
from .label_noise import LabelNoise

__all__ = ['Digits', 'LabelNoise']
