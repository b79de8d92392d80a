import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate

from mmnoisy.datasets import collate_batch
from mmnoisy.registry import DATASETS, MODELS
from mmnoisy.sample_batch import unlisted
from mmnoisy.stamps import loss_targets, sample_indices, write_weights

NETWORK = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.CNN3', in_channels=1),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=128, loss=dict(type='CrossEntropyLoss')),
    data_preprocessor=dict(num_classes=10, mean=[73.3], std=[90.3]),
)
TWO = dict(type='mmnoisy.TwoNetworks', network=NETWORK)
MIXED = dict(NETWORK, train_cfg=dict(augments=[dict(type='Mixup', alpha=1.0), dict(type='CutMix', alpha=1.0)]))
ELR = dict(NETWORK, head=dict(NETWORK['head'], loss=dict(type='mmnoisy.ELRLoss', num_classes=10)))
ADAPTED = dict(NETWORK, head=dict(type='mmnoisy.NoiseAdaptationHead', num_classes=10, in_channels=128))
# Upstream's accuracy in training is upstream's own code on upstream's own list.
WITH_ACCURACY = dict(NETWORK, head=dict(NETWORK['head'], cal_acc=True))
ONE_HOT = dict(
    NETWORK,
    head=dict(NETWORK['head'], loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1)),
    data_preprocessor=dict(NETWORK['data_preprocessor'], to_onehot=True),
)


def batches():
    """One batch twice: as columns, and as upstream's list."""
    dataset = DATASETS.build(
        dict(type='mmnoisy.LabelNoise', source=dict(type='mmnoisy.Digits'), pipeline=[dict(type='PackInputs')])
    )
    rows = list(range(5, 21))
    return collate_batch(dataset.__getitems__(rows)), default_collate([dataset[row] for row in rows])


def step(model, batch):
    torch.manual_seed(0)
    np.random.seed(0)
    write_weights(batch['data_samples'], torch.linspace(0, 2, 16))
    data = model.data_preprocessor(batch, True)
    losses = {
        name: torch.cat(value) if isinstance(value, list) else value
        for name, value in model(**data, mode='loss').items()
    }
    model.zero_grad()
    model.parse_losses(losses)[0].backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    return data, losses, gradients


@pytest.mark.parametrize('config', [NETWORK, TWO, MIXED, ELR, ADAPTED, WITH_ACCURACY, ONE_HOT])
def test_a_step_on_columns_equals_one_on_samples_to_the_bit(config):
    torch.manual_seed(1)
    model = MODELS.build(config).train()
    state = {name: value.clone() for name, value in model.state_dict().items() if 'targets' not in name}
    one, other = batches()
    columns, fast, fast_gradients = step(model, one)
    model = MODELS.build(config).train()
    model.load_state_dict(state, strict=False)
    listed, slow, slow_gradients = step(model, other)
    assert torch.equal(columns['inputs'], listed['inputs'])
    assert torch.equal(loss_targets(columns['data_samples']), loss_targets(listed['data_samples']))
    assert fast.keys() == slow.keys() and all(torch.equal(fast[name], slow[name]) for name in fast)
    assert len(fast_gradients) == len(slow_gradients)
    assert all(torch.equal(a, b) for a, b in zip(fast_gradients, slow_gradients))
    assert (unlisted(columns['data_samples']) is None) == (config is WITH_ACCURACY)


@pytest.mark.parametrize('config', [NETWORK, TWO])
def test_predictions_on_columns_read_as_upstreams(config):
    model = MODELS.build(config).eval()
    with torch.no_grad():
        fast, slow = (model.val_step(batch) for batch in batches())
    assert unlisted(fast) is not None and torch.equal(sample_indices(fast), sample_indices(slow))
    for one, other in zip(fast, slow):
        assert set(one.all_keys()) == set(other.all_keys())
        assert all(torch.equal(one.get(name), other.get(name)) for name in one.keys())
        assert one.metainfo == other.metainfo


def test_one_hot_labels_need_the_number_of_classes():
    preprocessor = MODELS.build(dict(type='mmnoisy.SampleDataPreprocessor', to_onehot=True))
    with pytest.raises(ValueError, match='num_classes'):
        preprocessor(batches()[0], True)
