from typing import Dict, List, Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from ..functional.pixel_scores import confusion, iou_of
from ..registry import METRICS


@METRICS.register_module()
class MeanIoU(BaseMetric):
    """Mean over the classes of the intersection over union of predicted and given pixels, and the share of right pixels.

    Both are in percent, over all images together; classes that no pixel has or is predicted as do not count.

    Args:
        **kwargs: See mmengine's ``BaseMetric``.
    """

    default_prefix = 'segmentation'

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch."""
        for sample in data_samples:
            prediction, given = (torch.as_tensor(sample[key]).cpu().numpy() for key in ('pred_mask', 'gt_mask'))
            self.results.append(confusion(given, prediction, sample['pred_score'].shape[0]))

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """``miou`` and ``accuracy``."""
        _, miou, accuracy = iou_of(np.sum(results, axis=0))
        return dict(miou=100 * miou, accuracy=100 * accuracy)
