from .cnn3 import CNN3

__all__ = ['CNN3']
