import copy

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

import mmnoisy.models  # noqa: F401

K = 5


def network(width, num_classes=K):
    return dict(
        type='mmnoisy.SampleAwareClassifier',
        backbone=dict(type='mmnoisy.CNN3', channels=(2, 2, width)),
        head=dict(type='LinearClsHead', num_classes=num_classes, in_channels=width),
    )


TEACHER = dict(type='mmnoisy.TwoNetworks', network=network(6))


def student(checkpoint, teacher=TEACHER, **args):
    torch.manual_seed(1)
    config = dict(network(4), type='mmnoisy.DistilledClassifier', teacher=teacher, checkpoint=checkpoint, **args)
    return MODELS.build(config)


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    torch.manual_seed(0)
    teacher, path = MODELS.build(copy.deepcopy(TEACHER)), tmp_path_factory.mktemp('teacher') / 'epoch_1.pth'
    torch.save(dict(state_dict=teacher.state_dict()), path)
    return teacher.eval(), str(path)


@pytest.fixture
def batch():
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    return images, [DataSample().set_gt_label(i % K) for i in range(6)]


@pytest.mark.parametrize('alpha, temperature', [(1.0, 2.0), (0.3, 4.0)])
def test_loss(teacher, batch, alpha, temperature):
    model = student(teacher[1], alpha=alpha, temperature=temperature).eval()
    images, samples = batch
    losses = model.loss(images, samples)
    with torch.no_grad():
        given, own = teacher[0].net1(images) + teacher[0].net2(images), model(images)
    p, q = (given / temperature).softmax(1).double(), (own / temperature).softmax(1).double()
    kl = (p * (p.log() - q.log())).sum(1).mean()
    torch.testing.assert_close(losses['loss_teacher'].double(), alpha * temperature**2 * kl, rtol=1e-4, atol=1e-6)
    assert losses['agreement'] == (given.argmax(1) == own.argmax(1)).float().mean()
    if alpha == 1:
        assert 'loss' not in losses
    else:
        labels = torch.tensor([i % K for i in range(6)])
        torch.testing.assert_close(losses['loss'], (1 - alpha) * F.cross_entropy(own, labels))


def test_the_teacher_stays_as_it_is_and_outside(teacher, batch):
    model = student(teacher[1]).train()
    names = set(model.state_dict())
    model.loss(*batch)['loss_teacher'].backward()
    assert set(model.state_dict()) == names == set(MODELS.build(network(4)).state_dict())
    assert all(p.grad is not None for p in model.parameters())
    for name, value in model.teacher('cpu').state_dict().items():
        assert torch.equal(value, teacher[0].state_dict()[name]), name
    assert not any(module.training for module in model.teacher('cpu').modules())


def test_testing_needs_no_teacher(batch):
    results = student(None).eval().predict(*batch)
    assert len(results) == 6 and results[0].pred_score.shape == (K,)


def test_bad_teachers(teacher, batch, tmp_path):
    images, _ = batch
    for checkpoint in (None, str(tmp_path / 'no.pth')):
        with pytest.raises(ValueError, match="set checkpoint to the teacher's weights"):
            student(checkpoint).check_inputs(images)
    with pytest.raises(ValueError, match='does not fit the teacher'):
        student(teacher[1], network(6)).check_inputs(images)
    other, path = network(6, 4), tmp_path / 'other.pth'
    torch.save(dict(state_dict=MODELS.build(copy.deepcopy(other)).state_dict()), path)
    with pytest.raises(ValueError, match='the teacher has 4 classes, the head 5'):
        student(str(path), other).check_inputs(images)
    student(teacher[1]).check_inputs(images)


@pytest.mark.parametrize('args', [dict(alpha=1.5), dict(temperature=0.0)])
def test_bad_options(args):
    with pytest.raises(ValueError, match='alpha must be in'):
        student(None, **args)
