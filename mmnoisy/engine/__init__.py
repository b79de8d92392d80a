from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook

__all__ = ['EpochSeedHook', 'FiniteLossHook', 'WarmupEntropyPenaltyHook']
