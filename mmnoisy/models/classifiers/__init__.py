from .co_teaching import CoTeaching
from .co_teaching_plus import CoTeachingPlus
from .consistency import ConsistencyClassifier
from .disc import DISC
from .distilled import DistilledClassifier
from .dividemix import DivideMix
from .elr_plus import ELRPlus
from .feature_consistency import FeatureConsistencyClassifier
from .forget_rate import ForgetRate
from .ill import ILL
from .jocor import JoCoR
from .meta_reweighting import L2RW, MetaReweighting, MetaWeightNet, meta_gradient
from .pixel_co_teaching import PixelCoTeaching
from .promix import ProMix
from .sample_aware import SampleAwareClassifier
from .semi_supervised import SemiSupervisedClassifier
from .two_networks import TwoNetworks

__all__ = [
    'CoTeaching',
    'CoTeachingPlus',
    'ConsistencyClassifier',
    'DISC',
    'DistilledClassifier',
    'DivideMix',
    'ELRPlus',
    'FeatureConsistencyClassifier',
    'ForgetRate',
    'ILL',
    'JoCoR',
    'L2RW',
    'MetaReweighting',
    'MetaWeightNet',
    'PixelCoTeaching',
    'ProMix',
    'SampleAwareClassifier',
    'SemiSupervisedClassifier',
    'TwoNetworks',
    'meta_gradient',
]
