from .summary_hook import SummaryHook
from .transition_error_hook import TransitionErrorHook

__all__ = [
    'SummaryHook',
    'TransitionErrorHook',
]
