from .co_teaching import CoTeaching
from .co_teaching_plus import CoTeachingPlus
from .forget_rate import ForgetRate
from .jocor import JoCoR
from .sample_aware import SampleAwareClassifier, sample_indices, sample_weights
from .two_networks import TwoNetworks

__all__ = [
    'CoTeaching', 'CoTeachingPlus', 'ForgetRate', 'JoCoR', 'SampleAwareClassifier', 'TwoNetworks', 'sample_indices',
    'sample_weights'
]
