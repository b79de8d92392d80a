from .adele_hook import ADELEHook
from .aum_hook import AUMHook
from .checkpoint_hook import CheckpointHook
from .co_divide_hook import CoDivideHook
from .curriculum_hook import CurriculumHook
from .disc_hook import DISCHook
from .epoch_seed_hook import EpochSeedHook
from .fast_step_hook import FastStepHook
from .finite_loss_hook import FiniteLossHook
from .forget_rate_hook import ForgetRateHook
from .label_distribution_hook import LabelDistributionHook
from .label_wave_hook import LabelWaveHook
from .loss_mixture_hook import LossMixtureHook
from .loss_state_hook import LossStateHook
from .marginal_adjustment_hook import MarginalAdjustmentHook
from .meta_set_hook import MetaSetHook
from .partial_labels_hook import PartialLabelsHook
from .pes_hook import PESHook
from .preflight_hook import PreflightHook
from .promix_hook import ProMixHook
from .prototype_hook import PrototypeHook
from .run_guard_hook import RunGuardHook
from .selection_record_hook import SelectionRecordHook
from .ssr_hook import SSRHook
from .train_log_hook import TrainLogHook
from .transition_hook import TransitionHook
from .validation_record_hook import ValidationRecordHook
from .warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook

__all__ = [
    'ADELEHook',
    'AUMHook',
    'CheckpointHook',
    'CoDivideHook',
    'CurriculumHook',
    'DISCHook',
    'EpochSeedHook',
    'FastStepHook',
    'FiniteLossHook',
    'ForgetRateHook',
    'LabelDistributionHook',
    'LabelWaveHook',
    'LossMixtureHook',
    'MarginalAdjustmentHook',
    'MetaSetHook',
    'PESHook',
    'PartialLabelsHook',
    'PreflightHook',
    'ProMixHook',
    'PrototypeHook',
    'RunGuardHook',
    'SSRHook',
    'LossStateHook',
    'SelectionRecordHook',
    'TrainLogHook',
    'TransitionHook',
    'ValidationRecordHook',
    'WarmupEntropyPenaltyHook',
]
