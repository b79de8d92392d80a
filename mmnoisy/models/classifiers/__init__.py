from .dividemix import DivideMix
from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights
from .semi_supervised import SemiSupervisedClassifier
from .two_networks import TwoNetworks

__all__ = [
    'DivideMix', 'SampleAwareClassifier', 'SemiSupervisedClassifier', 'TwoNetworks', 'sample_indices', 'sample_weights'
]
