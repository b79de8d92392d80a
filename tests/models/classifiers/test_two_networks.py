import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from mmengine.runner import load_checkpoint
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample

import mmnoisy  # noqa: F401
from mmnoisy.registry import MODELS

NETWORK = dict(
    type='mmnoisy.SampleAwareClassifier',
    backbone=dict(type='mmnoisy.CNN3', in_channels=1, channels=(4, 6, 8)),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=8, loss=dict(type='CrossEntropyLoss')),
)


def build(loss=None, type='mmnoisy.TwoNetworks', seed=0, network=(), **kwargs):
    torch.manual_seed(seed)
    config = copy.deepcopy(dict(NETWORK, **dict(network)))
    if loss:
        config['head']['loss'] = loss
    model = MODELS.build(dict(type=type, network=config, **kwargs))
    model.init_weights()
    return model


def batch(size=6, seed=1):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(5, (size,), generator=generator)
    samples = [DataSample(metainfo=dict(sample_idx=i)).set_gt_label(int(label)) for i, label in enumerate(labels)]
    return torch.randn(size, 1, 8, 8, generator=generator), samples, labels


def test_networks_differ_at_initialisation():
    model = build()
    assert not torch.equal(model.net1.head.fc.weight, model.net2.head.fc.weight)
    assert not torch.equal(next(model.net1.backbone.parameters()), next(model.net2.backbone.parameters()))


def test_refuses_built_modules():
    built = MMPRETRAIN_MODELS.build(copy.deepcopy(NETWORK))
    for network, place in ((built, 'network'), (dict(NETWORK, backbone=built.backbone), 'network.backbone')):
        with pytest.raises(TypeError, match=f'{place} must be a config dict'):
            MODELS.build(dict(type='mmnoisy.TwoNetworks', network=network))


def test_refuses_unknown_predictor():
    with pytest.raises(ValueError, match="predict_with must be one of ensemble, net1, net2, not 'net3'"):
        build(predict_with='net3')


@pytest.mark.parametrize('predict_with', ['ensemble', 'net1', 'net2'])
def test_prediction_modes(predict_with):
    model = build(predict_with=predict_with).eval()
    inputs, samples, _ = batch()
    expected = dict(net1=model.net1(inputs), net2=model.net2(inputs))
    expected['ensemble'] = expected['net1'] + expected['net2']
    logits = expected[predict_with]
    assert torch.equal(model(inputs), logits)
    for results in (model(inputs, samples, mode='predict'), model(inputs, mode='predict')):
        torch.testing.assert_close(torch.stack([r.pred_score for r in results]), logits.softmax(1))
        assert torch.equal(torch.cat([r.pred_label for r in results]), logits.argmax(1))
        for name, value in expected.items():
            assert torch.equal(torch.cat([r.get(f'pred_label_{name}') for r in results]), value.argmax(1))
    with pytest.raises(RuntimeError, match='Invalid mode'):
        model(inputs, samples, mode='guess')


def gce(logits, target):
    p = (logits.double().softmax(1) * target).sum(1)
    return (1 - p**0.7) / 0.7


def cross_entropy(logits, target):
    return -(logits.double().log_softmax(1) * target).sum(1)


LOSSES = [
    (dict(type='CrossEntropyLoss'), cross_entropy, False),
    (dict(type='CrossEntropyLoss'), cross_entropy, True),
    (dict(type='CrossEntropyLoss', use_soft=True), cross_entropy, True),
    (dict(type='mmnoisy.GCELoss', q=0.7), gce, False),
    (dict(type='mmnoisy.GCELoss', q=0.7), gce, True),
]


@pytest.mark.parametrize('loss, formula, mixed', LOSSES)
def test_sample_losses(loss, formula, mixed):
    model = build(loss).eval()
    inputs, samples, labels = batch()
    target = F.one_hot(labels, 5).double()
    if mixed:
        target = 0.7 * target + 0.3 * target.flip(0)
        for sample, score in zip(samples, target):
            sample.set_gt_score(score.float())
    for sample in samples:
        sample.set_field(0.25, 'sample_weight', field_type='metainfo')
    losses = model.sample_losses(inputs, samples)
    for net, found in zip((model.net1, model.net2), losses):
        torch.testing.assert_close(found.double(), formula(net(inputs), target), rtol=1e-5, atol=1e-6)
    means = model(inputs, samples, mode='loss')
    torch.testing.assert_close(means['loss_net1'], 0.25 * losses[0].mean())
    torch.testing.assert_close(means['loss_net2'], 0.25 * losses[1].mean())


def test_refuses_a_loss_without_per_sample_values():
    model = build(dict(type='CrossEntropyLoss', use_sigmoid=True))
    inputs, samples, labels = batch()
    for sample, label in zip(samples, labels):
        sample.set_gt_score(F.one_hot(label, 5).float())
    with pytest.raises(ValueError, match='shape .6, 5. for a batch of 6'):
        model.sample_losses(inputs, samples)


def test_half_precision_logits_give_float32_losses():
    model = build(dict(type='mmnoisy.GCELoss')).eval()
    inputs, samples, _ = batch()
    exact = model.sample_losses(inputs, samples)[0]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half, logits = model.losses_and_logits(model.net1, inputs, samples)
    assert half.dtype == logits.dtype == torch.float32
    torch.testing.assert_close(half, exact, rtol=0.05, atol=0.02)


def test_penalties_of_both_networks():
    model = build()
    penalty = torch.nn.Identity()
    penalty.name, penalty.forward = 'l1', lambda net: net.head.fc.weight.abs().sum()
    for net in (model.net1, model.net2):
        net.penalties.append(penalty)
    inputs, samples, _ = batch()
    losses = model(inputs, samples, mode='loss')
    torch.testing.assert_close(losses['loss_net2_l1'], model.net2.head.fc.weight.abs().sum())
    assert set(losses) == {'loss_net1', 'loss_net2', 'loss_net1_l1', 'loss_net2_l1'}


def test_one_optimizer_equals_two():
    joint, apart = build(), build()
    optimizer = OptimWrapper(torch.optim.SGD(joint.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3))
    optimizers = [
        torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3) for net in (apart.net1, apart.net2)
    ]
    for step in range(5):
        inputs, samples, _ = batch(seed=step)
        joint.train_step(dict(inputs=inputs, data_samples=samples), optimizer)
        for net, own in zip((apart.net1, apart.net2), optimizers):
            own.zero_grad()
            net(inputs, samples, mode='loss')['loss'].backward()
            own.step()
    for name, value in joint.state_dict().items():
        torch.testing.assert_close(value, apart.state_dict()[name], rtol=1e-6, atol=1e-7)


def test_mixup_of_the_network_config_serves_both():
    mixup = dict(augments=dict(type='Mixup', alpha=1.0))
    model = build(network=dict(train_cfg=mixup), data_preprocessor=dict(num_classes=5))
    inputs, samples, _ = batch()
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=samples), training=True)
    assert all('gt_score' in sample for sample in data['data_samples'])
    assert all(loss.isfinite().all() for loss in model.sample_losses(**data))


@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_one_checkpoint_into_both(tmp_path, how):
    torch.manual_seed(7)
    single = MMPRETRAIN_MODELS.build(copy.deepcopy(dict(NETWORK, type='ImageClassifier')))
    assert type(single) is ImageClassifier
    path = str(tmp_path / 'single.pth')
    torch.save(dict(state_dict=single.state_dict()), path)
    if how == 'load_from':
        model = build()
        load_checkpoint(model, path, map_location='cpu', strict=True)
    else:
        model = build(init_cfg=dict(type='Pretrained', checkpoint=path))
    for net in (model.net1, model.net2):
        for name, value in single.state_dict().items():
            assert torch.equal(net.state_dict()[name], value)
    assert model.net1.head.fc.weight.data_ptr() != model.net2.head.fc.weight.data_ptr()
