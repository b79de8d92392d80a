from .bootstrapping_step import BootstrappingStep
from .fixmatch_step import FixMatchStep
from .mixmatch_step import MixMatchStep
from .semi_supervised_step import SemiSupervisedStep

__all__ = ['BootstrappingStep', 'FixMatchStep', 'MixMatchStep', 'SemiSupervisedStep']
