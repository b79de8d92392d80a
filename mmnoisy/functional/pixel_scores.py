"""Agreement of predicted and given pixels. Pure functions."""

from typing import Tuple

import numpy as np


def confusion(label: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """How many pixels of each label have each prediction, (K, K) int64; labels outside 0..K-1 do not count."""
    known = (label >= 0) & (label < num_classes)
    pairs = label[known].astype(np.int64) * num_classes + prediction[known]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def iou_of(counts: np.ndarray) -> Tuple[np.ndarray, float, float]:
    """From :func:`confusion`: the IoU of each class (K,), NaN where it is neither label nor prediction; their mean; the share
    of right pixels.
    """
    hit, union = counts.diagonal(), counts.sum(0) + counts.sum(1) - counts.diagonal()
    iou = np.where(union > 0, hit / np.maximum(union, 1), np.nan)
    return iou, float(np.nanmean(iou)) if (union > 0).any() else float('nan'), float(hit.sum() / max(1, counts.sum()))
