from .apl_loss import APLLoss
from .backward_correction_loss import BackwardCorrectionLoss
from .elr_loss import ELRLoss
from .expected_loss import ExpectedLoss
from .forward_correction_loss import ForwardCorrectionLoss
from .gce_loss import GCELoss
from .hard_bootstrapping_loss import HardBootstrappingLoss
from .importance_reweighting_loss import ImportanceReweightingLoss
from .l1_penalty import L1Penalty
from .mae_loss import MAELoss
from .nce_loss import NCELoss
from .neg_entropy import NegEntropy
from .pencil_loss import PENCILLoss
from .rce_loss import RCELoss
from .robust_loss import RobustLoss
from .sce_loss import SCELoss
from .soft_bootstrapping_loss import SoftBootstrappingLoss
from .sop_loss import SOPLoss
from .sum_loss import SumLoss
from .truncated_gce_loss import TruncatedGCELoss

__all__ = [
    'APLLoss',
    'BackwardCorrectionLoss',
    'ELRLoss',
    'ExpectedLoss',
    'ForwardCorrectionLoss',
    'GCELoss',
    'HardBootstrappingLoss',
    'ImportanceReweightingLoss',
    'L1Penalty',
    'MAELoss',
    'NCELoss',
    'NegEntropy',
    'PENCILLoss',
    'RCELoss',
    'RobustLoss',
    'SCELoss',
    'SOPLoss',
    'SoftBootstrappingLoss',
    'SumLoss',
    'TruncatedGCELoss',
]
