from .meta_reweighting import L2RW, MetaReweighting, MetaWeightNet, meta_gradient
from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights

__all__ = [
    'L2RW', 'MetaReweighting', 'MetaWeightNet', 'meta_gradient', 'SampleAwareClassifier', 'sample_indices', 'sample_weights']
