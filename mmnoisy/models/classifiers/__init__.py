from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights

__all__ = ['SampleAwareClassifier', 'sample_indices', 'sample_weights']
