from .aum_hook import AUMHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .meta_set_hook import MetaSetHook
from .sample_record import Column, SampleRecordHook

__all__ = [
    'AUMHook',
    'Column',
    'EpochSeedHook',
    'FiniteLossHook',
    'MetaSetHook',
    'SampleRecordHook',
]
