from .batch_views import BatchView
from .multi_view import MultiViewDataPreprocessor

__all__ = ['BatchView', 'MultiViewDataPreprocessor']
