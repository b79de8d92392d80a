from .console_hook import ConsoleHook
from .group_purity_hook import GroupPurityHook
from .summary_hook import SummaryHook
from .transition_error_hook import TransitionErrorHook

__all__ = [
    'ConsoleHook',
    'GroupPurityHook',
    'SummaryHook',
    'TransitionErrorHook',
]
