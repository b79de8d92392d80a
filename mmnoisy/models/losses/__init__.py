from .ael_loss import AELLoss
from .agce_loss import AGCELoss
from .amse_loss import AMSELoss
from .apl_loss import APLLoss
from .aul_loss import AULLoss
from .backward_correction_loss import BackwardCorrectionLoss
from .cores2_loss import CORES2Loss
from .dense_loss import DenseLoss
from .elr_loss import ELRLoss
from .eps_softmax_loss import EpsSoftmaxLoss
from .expected_loss import ExpectedLoss
from .forward_correction_loss import ForwardCorrectionLoss
from .gce_loss import GCELoss
from .gls_loss import GLSLoss
from .hard_bootstrapping_loss import HardBootstrappingLoss
from .importance_reweighting_loss import ImportanceReweightingLoss
from .jal_loss import JALLoss
from .l1_penalty import L1Penalty
from .logit_clip_loss import LogitClipLoss
from .mae_loss import MAELoss
from .nce_loss import NCELoss
from .neg_entropy import NegEntropy
from .nnce_loss import NNCELoss
from .peer_loss import PeerLoss
from .pencil_loss import PENCILLoss
from .rce_loss import RCELoss
from .robust_loss import RobustLoss
from .sce_loss import SCELoss
from .soft_bootstrapping_loss import SoftBootstrappingLoss
from .sop_loss import SOPLoss
from .sum_loss import SumLoss
from .truncated_gce_loss import TruncatedGCELoss
from .volminnet_loss import VolMinNetLoss

__all__ = [
    'AELLoss',
    'AGCELoss',
    'AMSELoss',
    'APLLoss',
    'AULLoss',
    'BackwardCorrectionLoss',
    'CORES2Loss',
    'DenseLoss',
    'ELRLoss',
    'EpsSoftmaxLoss',
    'ExpectedLoss',
    'ForwardCorrectionLoss',
    'GCELoss',
    'GLSLoss',
    'HardBootstrappingLoss',
    'ImportanceReweightingLoss',
    'JALLoss',
    'L1Penalty',
    'LogitClipLoss',
    'MAELoss',
    'NCELoss',
    'NNCELoss',
    'NegEntropy',
    'PENCILLoss',
    'PeerLoss',
    'RCELoss',
    'RobustLoss',
    'SCELoss',
    'SOPLoss',
    'SoftBootstrappingLoss',
    'SumLoss',
    'TruncatedGCELoss',
    'VolMinNetLoss',
]
