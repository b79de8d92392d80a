from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import MODELS
from ...sample_batch import unlisted
from .batch_views import BatchView
from .cached_view import CachedView
from .sample_data_preprocessor import SampleDataPreprocessor


@MODELS.register_module()
class MultiViewDataPreprocessor(SampleDataPreprocessor):
    """Several random views of each training image, (V, B, C, H, W); the plain image, (B, C, H, W), in test.

    The views are either made here, batched on the device from uint8 images (``views``), or come as a list from the
    CPU pipeline (mmpretrain's ``MultiView`` transform). A single view is given as (B, C, H, W), for any classifier.
    Of features, (B, D, V', 1), they are drawn from the V' views that a feature bank keeps.

    Args:
        views (Sequence[dict]): Options of :class:`BatchView` for each view, or ``dict(cached='random')``, see
            :class:`CachedView`. Empty: the pipeline makes the views, or training sees the images as they are.
            Defaults to ().
        **kwargs: See :class:`mmpretrain.models.ClsDataPreprocessor`; ``batch_augments`` and ``to_onehot`` are
            refused.

    Raises:
        ValueError: One of these is given, or both the pipeline and ``views`` make views.
        TypeError: ``views`` over images that are not uint8.
    """

    def __init__(self, views: Sequence[dict] = (), **kwargs):
        if kwargs.get('batch_augments') or kwargs.get('to_onehot'):
            raise ValueError(
                'MultiViewDataPreprocessor: batch_augments and to_onehot would fix the targets before they are '
                'known; leave them out.'
            )
        super().__init__(**kwargs)
        self.views = [(CachedView if 'cached' in view else BatchView)(**view) for view in views]

    def forward(self, data: dict, training: bool = False) -> dict:
        """As upstream, with ``inputs`` (V, B, C, H, W) in training where V > 1."""
        inputs = self.cast_data(data['inputs'])
        if not training:
            return super().forward(dict(data, inputs=inputs), training)
        samples = self._labels_to_device(data.get('data_samples'))
        if self.views:
            inputs = self._batched_views(inputs)
        views = [inputs] if torch.is_tensor(inputs) else inputs
        images = self._normalised(views)
        return dict(inputs=images if len(views) > 1 else images[0], data_samples=samples)

    def _normalised(self, views: Sequence[Tensor]) -> Tensor:
        """What upstream makes of each view, (V, B, C, H, W), without copies of the floats: bound by memory."""
        images = torch.empty(len(views), *views[0].shape, device=self.device)
        for target, view in zip(images, views):
            target.copy_(view.flip(1) if self.to_rgb and view.size(1) == 3 else view)
            if self._enable_normalize:
                target.sub_(self.mean).div_(self.std)
        if self.pad_size_divisor > 1:
            height, width = images.shape[-2:]
            pad = [0, -width % self.pad_size_divisor, 0, -height % self.pad_size_divisor]
            images = F.pad(images, pad, value=self.pad_value)
        return images

    def _labels_to_device(self, samples):
        """Upstream's scattering of labels and scores, at a third of its time, and only where they have to move."""
        batch = unlisted(samples)
        if batch is not None:
            self.labels_to_device(batch)
            return batch
        for name in ('gt_label', 'gt_score'):
            if samples and name in samples[0] and samples[0].get(name).device != self.device:
                values = [sample.get(name) for sample in samples]
                moved = torch.cat(values).to(self.device).split([len(value) for value in values])
                for sample, value in zip(samples, moved):
                    sample.set_field(value, name)
        return samples

    def _batched_views(self, inputs) -> list:
        if not torch.is_tensor(inputs):
            raise ValueError(
                'MultiViewDataPreprocessor: the pipeline already gives several views; remove `views` or the MultiView '
                'transform (and collate with default_collate).'
            )
        if inputs.dtype != torch.uint8 and any(isinstance(view, BatchView) for view in self.views):
            raise TypeError(f'MultiViewDataPreprocessor: `views` need uint8 images, not {inputs.dtype}.')
        return [view(inputs) for view in self.views]
