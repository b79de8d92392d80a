from .cnn3 import CNN3
from .cnn8 import CNN8
from .cnn9 import CNN9

__all__ = ['CNN3', 'CNN8', 'CNN9']
