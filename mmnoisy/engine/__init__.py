from .co_divide_hook import CoDivideHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .partial_labels_hook import PartialLabelsHook
from .sample_record import Column, SampleRecordHook
from .warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook

__all__ = [
    'CoDivideHook',
    'Column',
    'EpochSeedHook',
    'FiniteLossHook',
    'PartialLabelsHook',
    'SampleRecordHook',
    'WarmupEntropyPenaltyHook',
]
