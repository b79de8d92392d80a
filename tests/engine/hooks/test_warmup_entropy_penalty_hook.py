import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import EpochBasedTrainLoop
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy.engine.hooks.warmup_entropy_penalty_hook import WarmupEntropyPenaltyHook
from mmnoisy.engine.model_parts import loss_modules
from tests.helpers import ddp, digits_cfg, run_two_ranks, train

LOSSES = [
    dict(type='mmpretrain.CrossEntropyLoss'),
    dict(type='mmpretrain.LabelSmoothLoss', label_smooth_val=0.2, num_classes=5),
    dict(type='mmnoisy.GCELoss', loss_weight=3.0),
    dict(type='mmnoisy.APLLoss', active=dict(type='mmnoisy.NCELoss'), passive=dict(type='mmnoisy.RCELoss')),
]


def head(loss):
    return MODELS.build(dict(type='mmpretrain.LinearClsHead', num_classes=5, in_channels=3, loss=loss))


def stub_runner(model, epoch=0):
    return SimpleNamespace(model=model, epoch=epoch, message_hub=MessageHub.get_instance('penalty'))


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: loss['type'])
def test_adds_the_penalty_in_the_shape_of_the_loss(loss):
    model = torch.nn.ModuleList([head(loss), head(loss)])  # two networks
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 5), torch.arange(6) % 5
    weight = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.0, 0.0])
    entropies = -(logits.softmax(1) * logits.softmax(1).log()).sum(1)
    calls = [
        (dict(), -entropies.mean()),
        (dict(avg_factor=4), -entropies.sum() / 4),
        (dict(weight=weight), -(weight * entropies).mean()),
        (dict(weight=weight, avg_factor=4), -(weight * entropies).sum() / 4),
        (dict(reduction_override='none'), -entropies),
        (dict(weight=weight, reduction_override='none'), -weight * entropies),
        (dict(reduction_override='sum'), -entropies.sum()),
    ]
    modules = loss_modules(model)
    assert len(modules) == 2
    plain = [modules[0](logits, labels, **call) for call, _ in calls]
    hook, runner = WarmupEntropyPenaltyHook(warmup_epochs=1, weight=0.5), stub_runner(model)
    hook.before_train_epoch(runner)
    for module in modules:
        for (call, penalty), before in zip(calls, plain):
            torch.testing.assert_close(module(logits, labels, **call), before + 0.5 * penalty)
            torch.testing.assert_close(module(cls_score=logits, label=labels, **call), before + 0.5 * penalty)
    hook.after_train_iter(runner, 0)
    assert runner.message_hub.get_scalar('train/neg_entropy').current() == pytest.approx(-entropies.mean().item())
    with torch.no_grad():
        torch.testing.assert_close(modules[0](logits, labels), plain[0])
    hook.after_train_epoch(runner)
    assert not any(module._forward_hooks for module in modules)
    hook.before_train_epoch(stub_runner(model, epoch=1))
    torch.testing.assert_close(modules[1](logits, labels), plain[0])
    assert 'train/neg_entropy' not in runner.message_hub.log_scalars


def cfg_with_hook(work_dir, warmup_epochs, **overrides):
    return digits_cfg(
        work_dir,
        custom_hooks=[dict(type='mmnoisy.WarmupEntropyPenaltyHook', warmup_epochs=warmup_epochs)],
        default_hooks__logger=dict(type='LoggerHook', interval=10),
        default_hooks__summary__train_interval=0,
        **overrides,
    )


def weights(runner):
    return {name: value.cpu() for name, value in runner.model.state_dict().items()}


def test_training_logs_it_in_the_warmup_only_and_resumes_equal(tmp_path):
    # An unmodified mmpretrain classifier
    options = dict(epochs=3, model=dict(type='ImageClassifier'))
    straight = train(cfg_with_hook(tmp_path / 'straight', warmup_epochs=2, **options))
    logged = {}
    for line in next(Path(tmp_path).glob('straight/*/vis_data/scalars.json')).read_text().splitlines():
        row = json.loads(line)
        if 'lr' in row:
            logged.setdefault(row['epoch'], []).append('neg_entropy' in row)
    assert logged == {1: [True, True], 2: [True, True], 3: [False, False]}

    resumed = cfg_with_hook(tmp_path / 'resumed', warmup_epochs=2, **options)
    resumed.resume, resumed.load_from = True, str(tmp_path / 'straight' / 'epoch_1.pth')
    resumed = weights(train(resumed))
    for name, value in weights(straight).items():
        assert torch.equal(value, resumed[name]), name


def classifier_and_batch():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=dict(type='mmnoisy.CNN3', channels=(2, 2, 4)),
            head=dict(type='mmpretrain.LinearClsHead', num_classes=5, in_channels=4),
        )
    )
    # BatchNorm in eval mode: the mean gradient of two half batches is that of the whole batch.
    return model.eval(), torch.randn(8, 1, 8, 8), torch.arange(8) % 5


def gradients(model, inputs, labels):
    hook, runner = WarmupEntropyPenaltyHook(warmup_epochs=1), stub_runner(model)
    hook.before_train_epoch(runner)
    model(inputs, [DataSample().set_gt_label(label) for label in labels], mode='loss')['loss'].backward()
    return [p.grad.clone() for p in model.parameters()]


def gradients_of_a_rank(cfg):
    rank = torch.distributed.get_rank()
    model, inputs, labels = classifier_and_batch()
    found = gradients(MMDistributedDataParallel(model, broadcast_buffers=False), inputs[rank::2], labels[rank::2])
    return found, weights(train(ddp(cfg)))


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    """The averaged gradient is that of one process, and a run keeps the ranks equal."""
    ranks = run_two_ranks(gradients_of_a_rank, cfg_with_hook(tmp_path, warmup_epochs=1, epochs=1))
    single = gradients(*classifier_and_batch())
    for found, _ in ranks:
        for value, expected in zip(found, single):
            torch.testing.assert_close(value, expected)
    (_, first), (_, second) = ranks
    for name in first:
        assert 'running_' in name or torch.equal(first[name], second[name]), name


def test_refuses():
    with pytest.raises(ValueError, match='warmup_epochs'):
        WarmupEntropyPenaltyHook(warmup_epochs=-1)
    hook, linear = WarmupEntropyPenaltyHook(warmup_epochs=1), torch.nn.Linear(1, 1)
    epoch_loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    with pytest.raises(ValueError, match='loss_module'):
        hook.before_train(SimpleNamespace(train_loop=epoch_loop, model=linear))
    with pytest.raises(ValueError, match='by_epoch'):
        hook.before_train(SimpleNamespace(train_loop=object(), model=head(LOSSES[0])))
