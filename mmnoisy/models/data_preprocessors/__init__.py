from .batch_views import BatchView
from .cached_view import CachedView
from .multi_view import MultiViewDataPreprocessor
from .sample_data_preprocessor import SampleDataPreprocessor

__all__ = ['BatchView', 'CachedView', 'MultiViewDataPreprocessor', 'SampleDataPreprocessor']
