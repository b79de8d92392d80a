"""Batches of an in-memory data set in a few calls, with no pipeline and no collation of single samples."""

import copy
from collections.abc import Sequence
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch
from mmengine.dataset import Compose, default_collate
from mmpretrain.datasets import BaseDataset, PackInputs
from torch import Tensor

from ..registry import FUNCTIONS
from ..sample_batch import SampleBatch, label_column

#: Types of images that are kept in one tensor: pictures and features.
STACKED = (np.uint8, np.float16, np.float32)


class FetchedBatch(Sequence):
    """A batch that is stacked already, and reads as the list of its samples for collate functions that stack.

    Args:
        inputs (Tensor): (B, C, H, W).
        data_samples (SampleBatch): B.
    """

    def __init__(self, inputs: Tensor, data_samples: SampleBatch):
        self.inputs, self.data_samples = inputs, data_samples

    def __len__(self) -> int:
        return len(self.data_samples)

    def __getitem__(self, index: int) -> dict:  # type: ignore[override]
        return dict(inputs=self.inputs[index], data_samples=self.data_samples[index])


@FUNCTIONS.register_module()
def collate_batch(batch: Sequence) -> Any:
    """Mmengine's ``default_collate``, which leaves alone what :func:`fetch` has stacked."""
    if isinstance(batch, FetchedBatch):
        return dict(inputs=batch.inputs, data_samples=batch.data_samples)
    return default_collate(batch)


def is_plain_packing(pipeline) -> bool:
    """Whether a pipeline does nothing but pack an image and its label."""
    transforms = pipeline.transforms if isinstance(pipeline, Compose) else [pipeline]
    if len(transforms) != 1 or type(transforms[0]) is not PackInputs:
        return False
    pack = transforms[0]
    return pack.input_key == 'img' and not pack.algorithm_keys and pack.meta_keys == PackInputs.DEFAULT_META_KEYS


class Stacked(tuple):
    """All images of a data set and their files, see :func:`stack_images`."""

    def __deepcopy__(self, memo) -> 'Stacked':
        # mmengine copies a data set with the config of its loader.
        return self


def stack_images(dataset) -> Optional[Tuple[Tensor, Optional[List[str]]]]:
    """All images of a data set in one tensor, (N, C, H, W) of their type (uint8, float16 or float32), and their files
    where samples name them.

    None where the images are files to be read, differ in size or type, or where a sample packs more than its image,
    label, index and file.
    """
    first = dataset.get_data_info(0)
    packed = {'gt_score', 'mask', *PackInputs.DEFAULT_META_KEYS} - {'sample_idx', 'img_path'}
    image = first.get('img')
    if packed & set(first) or not isinstance(image, np.ndarray) or image.dtype not in STACKED or image.ndim > 3:
        return None
    whole = _whole_source(dataset)
    images, paths = _stack_single(dataset, image) if whole is None else whole
    if images is None:
        return None
    stacked = torch.from_numpy(images)
    stacked = stacked.unsqueeze(1) if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2).contiguous()
    return Stacked((stacked, paths))


def _stack_single(dataset, first: np.ndarray) -> Tuple[Optional[np.ndarray], Optional[List[str]]]:
    """Images, (N, ...), and paths, by looking at each sample; no images where they differ."""
    images = np.empty((len(dataset), *first.shape), dtype=first.dtype)
    named = 'img_path' in dataset.get_data_info(0)
    paths = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        if info['img'].shape != first.shape or info['img'].dtype != first.dtype or ('img_path' in info) != named:
            return None, None
        images[i] = info['img']
        paths.append(info.get('img_path'))
    return images, paths if named else None


def _whole_source(dataset) -> Optional[Tuple[np.ndarray, List[str]]]:
    """What :func:`_stack_single` gives, in one call of a source that has ``image_stack``; None where it has not."""
    source = getattr(dataset, 'source', dataset)
    if not hasattr(source, 'image_stack'):
        return None
    rows = np.arange(len(source)) if source is dataset else dataset.source_idx
    return source.image_stack(rows), [source.data_list[row]['img_path'] for row in rows.tolist()]


def fetch(images: Tensor, labels: np.ndarray, indices: Sequence, paths: Optional[List[str]] = None) -> FetchedBatch:
    """What the pipeline ``[PackInputs()]`` gives for each of the indices, in a few calls for all of them.

    Args:
        images (Tensor): (N, C, H, W).
        labels (np.ndarray): (N,) int64.
        indices (Sequence[int]): B rows, each in 0..N-1.
        paths (list[str], optional): The N files, where samples name them.

    Returns:
        FetchedBatch: B samples.
    """
    rows = torch.as_tensor(indices)
    metainfo: Dict[str, Any] = dict(sample_idx=rows)
    if paths is not None:
        metainfo['img_path'] = [paths[row] for row in rows.tolist()]
    samples = SampleBatch(dict(gt_label=label_column(torch.as_tensor(labels[rows.numpy()]))), metainfo)
    # Copies whole images: an index in brackets takes 20 times as long.
    return FetchedBatch(images.index_select(0, rows), samples)


class BatchedDataset(BaseDataset):
    """Base of data sets of images in memory: whole batches are fetched where the pipeline only packs.

    As :class:`mmnoisy.datasets.LabelNoise` does around any of them.
    """

    _stacked: Any = None

    @property
    def annotations(self) -> Optional[List[dict]]:
        """What is known of each sample but its image; None where it is packed away (``serialize_data``)."""
        return None if self.serialize_data else self.data_list

    def __deepcopy__(self, memo) -> 'BatchedDataset':
        # mmengine copies a data set with the config of its loader; this one never changes, and may be large.
        return memo.setdefault(id(self), copy.copy(self))

    def __getitems__(self, indices: Sequence[int]) -> Sequence[dict]:
        """The samples of a batch; torch's loader calls this."""
        if is_plain_packing(self.pipeline):
            if self._stacked is None:
                self._stacked = stack_images(self), self.get_gt_labels()
            if self._stacked[0] is not None:
                (images, paths), labels = self._stacked
                return fetch(images, labels, indices, paths)
        return [self[index] for index in indices]
