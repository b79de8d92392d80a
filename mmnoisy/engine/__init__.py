from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .meta_set_hook import MetaSetHook

__all__ = ['EpochSeedHook', 'FiniteLossHook', 'MetaSetHook']
