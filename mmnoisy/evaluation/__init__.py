from .summary_hook import SummaryHook

__all__ = ['SummaryHook']
