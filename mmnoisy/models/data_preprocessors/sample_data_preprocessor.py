from typing import Optional

import torch.nn.functional as F
from mmpretrain.models import ClsDataPreprocessor

from ...registry import MODELS
from ...sample_batch import SampleBatch, unlisted
from ...stamps import has_stamp, observed_labels, write_targets


@MODELS.register_module()
class SampleDataPreprocessor(ClsDataPreprocessor):
    """mmpretrain's preprocessor, which handles the labels of a batch of columns as one tensor.

    Batches of other data sets are upstream's own list of DataSamples, and go upstream's way. Both give the same.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """As upstream."""
        batch = unlisted(data.get('data_samples'))
        if batch is None:
            return super().forward(data, training)
        inputs = super().forward(dict(inputs=data['inputs']), training)['inputs']
        self.labels_to_device(batch)
        if self.to_onehot and not has_stamp(batch, 'gt_score'):
            write_targets(batch, F.one_hot(observed_labels(batch), self._num_classes(batch)))
        if training and self.batch_augments is not None and has_stamp(batch, 'gt_score'):
            inputs, scores = self.batch_augments(inputs, batch.get('gt_score'))
            write_targets(batch, scores)
        return dict(inputs=inputs, data_samples=batch)

    def labels_to_device(self, batch: SampleBatch) -> None:
        """Move labels and soft targets to the model's device; what else hooks stamped is moved by its readers."""
        for name in ('gt_label', 'gt_score'):
            if has_stamp(batch, name):
                batch.set(name, batch.get(name).to(self.device))

    def _num_classes(self, batch: SampleBatch) -> int:
        known = batch.get('num_classes')
        if not self.num_classes and known is None:
            raise ValueError(
                'Batch augments and to_onehot need the number of classes: set data_preprocessor=dict(num_classes=...).'
            )
        return self.num_classes or known[0]


def sample_preprocessor(config: Optional[dict]):
    """A classifier's ``data_preprocessor``, by default of the type :class:`SampleDataPreprocessor`."""
    return dict(type='mmnoisy.SampleDataPreprocessor', **config or {}) if _is_open(config) else config


def _is_open(config) -> bool:
    return config is None or isinstance(config, dict) and 'type' not in config
