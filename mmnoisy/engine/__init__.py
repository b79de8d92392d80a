from .aum_hook import AUMHook
from .co_divide_hook import CoDivideHook
from .curriculum_hook import CurriculumHook
from .epoch_seed_hook import EpochSeedHook
from .feature_bank import build_feature_bank
from .finite_loss_hook import FiniteLossHook
from .forget_rate_hook import ForgetRateHook
from .label_distribution_hook import LabelDistributionHook
from .loss_mixture_hook import LossMixtureHook
from .meta_set_hook import MetaSetHook
from .partial_labels_hook import PartialLabelsHook
from .prototype_hook import PrototypeHook
from .sample_record import Column, SampleRecordHook
from .sample_state_hook import SampleStateHook
from .selection_hook import SelectionHook
from .ssr_hook import SSRHook
from .transition_hook import TransitionHook
from .warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook

__all__ = [
    'AUMHook',
    'CoDivideHook',
    'Column',
    'CurriculumHook',
    'EpochSeedHook',
    'FiniteLossHook',
    'ForgetRateHook',
    'LabelDistributionHook',
    'LossMixtureHook',
    'MetaSetHook',
    'PartialLabelsHook',
    'PrototypeHook',
    'SSRHook',
    'SampleRecordHook',
    'SampleStateHook',
    'SelectionHook',
    'TransitionHook',
    'WarmupEntropyPenaltyHook',
    'build_feature_bank',
]
