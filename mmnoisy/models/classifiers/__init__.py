from .meta_reweighting import L2RW, MetaReweighting, MetaWeightNet, meta_gradient
from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights
from .two_networks import TwoNetworks

__all__ = [
    'L2RW',
    'MetaReweighting',
    'MetaWeightNet',
    'SampleAwareClassifier',
    'TwoNetworks',
    'meta_gradient',
    'sample_indices',
    'sample_weights',
]
