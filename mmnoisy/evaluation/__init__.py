from .console_hook import ConsoleHook
from .group_purity_hook import GroupPurityHook
from .mean_iou import MeanIoU
from .predictions_hook import PredictionsHook
from .segmentation_summary_hook import SegmentationSummaryHook
from .summary_hook import SummaryHook
from .transition_error_hook import TransitionErrorHook

__all__ = [
    'ConsoleHook',
    'GroupPurityHook',
    'MeanIoU',
    'PredictionsHook',
    'SegmentationSummaryHook',
    'SummaryHook',
    'TransitionErrorHook',
]
