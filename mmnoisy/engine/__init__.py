from .aum_hook import AUMHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .sample_record import Column, SampleRecordHook
from .sample_state_hook import SampleStateHook
from .transition_hook import TransitionHook
from .warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook

__all__ = [
    'AUMHook',
    'Column',
    'EpochSeedHook',
    'FiniteLossHook',
    'SampleRecordHook',
    'SampleStateHook',
    'TransitionHook',
    'WarmupEntropyPenaltyHook',
]
