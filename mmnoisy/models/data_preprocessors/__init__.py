from .batch_views import BatchView
from .cached_view import CachedView
from .multi_view import MultiViewDataPreprocessor

__all__ = ['BatchView', 'CachedView', 'MultiViewDataPreprocessor']
