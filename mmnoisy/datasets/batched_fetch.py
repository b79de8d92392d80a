from typing import List, Optional, Sequence

import numpy as np
import torch
from mmengine.dataset import Compose
from mmpretrain.datasets import PackInputs
from mmpretrain.structures import DataSample
from torch import Tensor


def is_plain_packing(pipeline) -> bool:
    """Whether a pipeline does nothing but pack an image and its label."""
    transforms = pipeline.transforms if isinstance(pipeline, Compose) else [pipeline]
    if len(transforms) != 1 or type(transforms[0]) is not PackInputs:
        return False
    pack = transforms[0]
    return pack.input_key == 'img' and not pack.algorithm_keys and pack.meta_keys == PackInputs.DEFAULT_META_KEYS


def stack_images(dataset) -> Optional[Tensor]:
    """All images of a data set in one tensor, (N, C, H, W) uint8; None where they are files, differ in size or type,
    or where a sample packs more than its image, label and index.
    """
    first = dataset.get_data_info(0)
    packed = {'gt_score', 'mask', *PackInputs.DEFAULT_META_KEYS} - {'sample_idx'}
    if packed & set(first) or not isinstance(first.get('img'), np.ndarray):
        return None
    shape = first['img'].shape
    images = np.empty((len(dataset), *shape), dtype=np.uint8)
    for i in range(len(dataset)):
        image = dataset.get_data_info(i)['img']
        if image.shape != shape or image.dtype != np.uint8:
            return None
        images[i] = image
    stacked = torch.from_numpy(images)
    return stacked.unsqueeze(1) if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2).contiguous()


def fetch(images: Tensor, labels: np.ndarray, indices: Sequence[int]) -> List[dict]:
    """What the pipeline ``[PackInputs()]`` gives for each of the indices, in a few calls for all of them.

    Args:
        images (Tensor): (N, C, H, W) uint8.
        labels (np.ndarray): (N,) int64.
        indices (Sequence[int]): B rows, each in 0..N-1.

    Returns:
        list[dict]: B dicts of ``inputs`` (C, H, W) and ``data_samples``.
    """
    rows = torch.as_tensor(indices)
    given = torch.as_tensor(labels[rows.numpy()]).split(1)
    batch = []
    for index, image, label in zip(indices, images[rows], given):
        sample = DataSample()
        sample.gt_label = label
        sample.set_field(int(index), 'sample_idx', field_type='metainfo')
        batch.append(dict(inputs=image, data_samples=sample))
    return batch
