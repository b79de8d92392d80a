from .curriculum_hook import CurriculumHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook

__all__ = ['CurriculumHook', 'EpochSeedHook', 'FiniteLossHook']
