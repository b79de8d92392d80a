from .digits import Digits
from .fashion_mnist import FashionMNIST
from .label_noise import LabelNoise

__all__ = ['Digits', 'FashionMNIST', 'LabelNoise']
