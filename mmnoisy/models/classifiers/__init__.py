from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights
from .two_networks import TwoNetworks

__all__ = ['SampleAwareClassifier', 'TwoNetworks', 'sample_indices', 'sample_weights']
