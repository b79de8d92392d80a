from .cnn3 import CNN3
from .cnn8 import CNN8

__all__ = ['CNN3', 'CNN8']
