from .console_hook import ConsoleHook
from .group_purity_hook import GroupPurityHook
from .predictions_hook import PredictionsHook
from .summary_hook import SummaryHook
from .transition_error_hook import TransitionErrorHook

__all__ = [
    'ConsoleHook',
    'GroupPurityHook',
    'PredictionsHook',
    'SummaryHook',
    'TransitionErrorHook',
]
