from .gce_loss import GCELoss
from .robust_loss import RobustLoss

__all__ = ['GCELoss', 'RobustLoss']
