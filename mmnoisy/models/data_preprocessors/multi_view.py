from typing import Sequence

import torch
from mmpretrain.models import ClsDataPreprocessor

from ...registry import MODELS
from .batch_views import BatchView


@MODELS.register_module()
class MultiViewDataPreprocessor(ClsDataPreprocessor):
    """Several random views of each training image, (V, B, C, H, W); the plain image, (B, C, H, W), in test.

    The views are either made here, batched on the device from uint8 images (``views``), or come as a list from the
    CPU pipeline (mmpretrain's ``MultiView`` transform). A single view is given as (B, C, H, W), for any classifier.

    Args:
        views (Sequence[dict]): Options of :class:`BatchView` for each view. Empty: the pipeline makes the views, or
            training sees the images as they are. Defaults to ().
        **kwargs: See :class:`mmpretrain.models.ClsDataPreprocessor`; ``batch_augments`` are refused.

    Raises:
        ValueError: ``batch_augments`` are given, or both the pipeline and ``views`` make views.
        TypeError: ``views`` over images that are not uint8.
    """

    def __init__(self, views: Sequence[dict] = (), **kwargs):
        if kwargs.get('batch_augments'):
            raise ValueError('MultiViewDataPreprocessor: batch_augments would mix samples before their targets are known; '
                             'leave them out.')
        super().__init__(**kwargs)
        self.views = [BatchView(**view) for view in views]

    def forward(self, data: dict, training: bool = False) -> dict:
        """As upstream, with ``inputs`` (V, B, C, H, W) in training where V > 1."""
        inputs = self.cast_data(data['inputs'])
        if not training:
            return super().forward(dict(data, inputs=inputs), training)
        if self.views:
            inputs = self._batched_views(inputs)
        if torch.is_tensor(inputs) or len(inputs) == 1:
            inputs = inputs if torch.is_tensor(inputs) else inputs[0]
            return super().forward(dict(data, inputs=inputs), training)
        # Upstream reads a list of tensors as a list of images: give it one tensor, view after view.
        data = super().forward(dict(data, inputs=torch.cat(tuple(inputs))), training)
        data['inputs'] = data['inputs'].unflatten(0, (len(inputs), -1))
        return data

    def _batched_views(self, inputs) -> list:
        if not torch.is_tensor(inputs):
            raise ValueError('MultiViewDataPreprocessor: the pipeline already gives several views; remove `views` or the MultiView '
                             'transform (and collate with default_collate).')
        if inputs.dtype != torch.uint8:
            raise TypeError(f'MultiViewDataPreprocessor: `views` need uint8 images, not {inputs.dtype}.')
        return [view(inputs) for view in self.views]
