from .group_purity_hook import GroupPurityHook
from .summary_hook import SummaryHook

__all__ = ['GroupPurityHook', 'SummaryHook']
