from .apl_loss import APLLoss
from .gce_loss import GCELoss
from .hard_bootstrapping_loss import HardBootstrappingLoss
from .l1_penalty import L1Penalty
from .mae_loss import MAELoss
from .nce_loss import NCELoss
from .neg_entropy import NegEntropy
from .rce_loss import RCELoss
from .robust_loss import RobustLoss
from .sce_loss import SCELoss
from .soft_bootstrapping_loss import SoftBootstrappingLoss
from .sum_loss import SumLoss
from .truncated_gce_loss import TruncatedGCELoss

__all__ = [
    'APLLoss', 'GCELoss', 'HardBootstrappingLoss', 'L1Penalty', 'MAELoss', 'NCELoss', 'NegEntropy', 'RCELoss',
    'RobustLoss', 'SCELoss', 'SoftBootstrappingLoss', 'SumLoss', 'TruncatedGCELoss'
]
