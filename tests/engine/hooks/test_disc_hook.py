"""DISC: the losses of the sets in float64, what the hook records of a run, resume and two ranks."""

import csv

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmpretrain.structures import DataSample

from mmnoisy.engine import DISCHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.functional.instance_thresholds import follow, select
from mmnoisy.models.classifiers import disc
from mmnoisy.registry import MODELS
from mmnoisy.stamps import Division, write_division, write_targets, write_weights
from tests.helpers import build_runner, digits_cfg
from tests.same_everywhere import check_ranks_agree, check_resumes

BASE = 'disc/disc_cnn3_60e_digits-sym40.py'
B, K, LAM = 6, 3, 0.8


def config(work_dir, epochs=4, hook=None, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, **overrides)
    cfg.train_dataloader.dataset.source.indices = 300
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[0].update(dict(warmup_epochs=2, momentum=0.5), **(hook or {}))
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, DISCHook))


def model():
    backbone = dict(type='mmnoisy.FeatureProbe', in_channels=4)
    head = dict(type='LinearClsHead', num_classes=K, in_channels=4, loss=dict(type='mmpretrain.CrossEntropyLoss'))
    built = MODELS.build(dict(type='mmnoisy.DISC', backbone=backbone, head=head, hard_weight=0.2)).double()
    torch.manual_seed(0)
    built.init_weights()
    return built


def reference(weight, bias, views, labels, targets, counts, used, order):
    """Sample by sample in numpy: clean (count 2), hard (1), mixed (used)."""

    def log_p(x):
        z = x @ weight.T + bias
        return z - np.log(np.exp(z).sum())

    clean = hard = 0.0
    for i in range(B):
        for view in views:
            if counts[i] == 2:
                clean -= log_p(view[i])[labels[i]] / B
            if counts[i] == 1:
                hard += 0.2 * (1 - np.exp(log_p(view[i])[labels[i]]) ** 0.7) / 0.7 / B
    mixed, rows = 0.0, np.flatnonzero(used)
    for view in views:
        for a, b in zip(rows, rows[order]):
            log = log_p(LAM * view[a] + (1 - LAM) * view[b])
            mixed -= (LAM * log[targets[a]] + (1 - LAM) * log[targets[b]]) / len(rows)
    return clean, hard, mixed


def test_losses_equal_the_reference(monkeypatch):
    network = model()
    inputs = torch.randn(2, B, 4, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels, targets = [0, 1, 2, 0, 1, 2], [0, 1, 2, 2, 0, 1]
    selected = torch.tensor([[1, 1], [1, 0], [0, 1], [0, 0], [0, 0], [1, 1]]).bool()
    used = np.array([1, 1, 1, 1, 0, 1])
    # A clean or hard sample keeps its label.
    targets = [label if views.any() else target for label, target, views in zip(labels, targets, selected)]
    samples = [DataSample().set_gt_label(label) for label in labels]
    plain = network.loss(inputs, samples)
    write_division(samples, Division(selected.double(), selected))
    write_targets(samples, torch.eye(K, dtype=torch.float64)[targets])
    write_weights(samples, torch.tensor(used).float())
    order = np.array([2, 0, 1, 4, 3])
    monkeypatch.setattr(disc, 'draw_mix', lambda size, alpha, device: (LAM, torch.tensor(order)))
    losses = network.loss(inputs, samples)
    weight, bias = (p.detach().numpy() for p in network.head.fc.parameters())
    views = inputs[..., 0, 0].numpy()
    expected = reference(weight, bias, views, labels, targets, selected.sum(1).numpy(), used, order)
    found = [losses[f'loss_{name}'].item() for name in ('clean', 'hard', 'mixed')]
    # The network's logits are brought to float32.
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    everything = reference(weight, bias, views, labels, labels, np.full(B, 2), used, order)
    assert list(plain) == ['loss_warmup'] and plain['loss_warmup'].item() == pytest.approx(everything[0], rel=1e-6)


def test_nothing_used_gives_no_loss_but_a_gradient():
    network = model()
    samples = [DataSample().set_gt_label(0) for _ in range(B)]
    write_division(samples, Division(torch.zeros(B, 2), torch.zeros(B, 2).bool()))
    write_targets(samples, torch.eye(K, dtype=torch.float64)[[0] * B])
    write_weights(samples, torch.zeros(B))
    loss = sum(network.loss(torch.randn(2, B, 4, 1, 1, dtype=torch.float64), samples).values())
    loss.backward()
    assert loss == 0 and all((p.grad == 0).all() for p in network.parameters())


class Spy(Hook):
    """Collects the first logits of each iteration by sample, and divides a second time after each epoch."""

    priority = 'LOWEST'

    def before_train(self, runner):
        self.size = len(runner.train_dataloader.dataset)
        self.labels = torch.tensor(runner.train_dataloader.dataset.gt_labels)
        self.threshold = torch.full((self.size, 2), 1 / self.size)
        self.sets = None
        unwrap(runner.model).head.register_forward_hook(
            lambda head, inputs, logits: self.logits.append(logits.detach())
        )

    def before_train_epoch(self, runner):
        self.probability = torch.zeros(2, self.size, 10)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.logits = []
        for sample in data_batch['data_samples']:
            if runner.epoch < 2:
                assert 'labelled' not in sample and 'gt_score' not in sample
                continue
            i = sample.sample_idx
            assert torch.equal(sample.labelled, self.sets.selected[i])
            assert sample.gt_score.argmax() == self.sets.target[i] and sample.gt_score.sum() == 1
            assert sample.sample_weight == float(self.sets.used[i])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        index = [sample.sample_idx for sample in data_batch['data_samples']]
        self.probability[:, index] = self.logits[0].softmax(1).view(2, len(index), 10)

    def after_train_epoch(self, runner):
        own = self.probability[:, torch.arange(self.size), self.labels].T
        joint, prediction = self.probability.mean(0).max(1)
        self.sets = select(own, joint, prediction, self.labels, self.threshold, 0.5, 0.99)
        self.threshold = follow(self.threshold, self.probability.max(2).values.T, 0.5)


def test_records_what_the_passes_said_and_stamps_it(tmp_path):
    runner, spy = build_runner(config(tmp_path)), Spy()
    runner.register_hook(spy)
    runner.train()
    hook = hook_of(runner)
    torch.testing.assert_close(hook.record['threshold'], spy.threshold, rtol=1e-6, atol=1e-7)
    assert torch.equal(hook.record['selected'], spy.sets.selected)
    assert torch.equal(hook.groups(), spy.sets.groups()) and len(hook.groups().unique()) > 1
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [bool(int(row['is_issue'])) for row in rows] == (~spy.sets.selected.any(1)).tolist()


def test_resumed_run_equals_the_unbroken_one(tmp_path):
    check_resumes(config, tmp_path, (1, 3))


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    # Every sample was seen by one of the ranks.
    assert check_ranks_agree(config(tmp_path))['DISCHook.confidence'].min() > 0


def test_refuses(tmp_path):
    cfg = config(tmp_path)
    cfg.model.type = 'mmnoisy.ConsistencyClassifier'
    with pytest.raises(PreflightError, match='ConsistencyClassifier would ignore it'):
        build_runner(cfg).train()
    cfg = config(tmp_path)
    cfg.data_preprocessor.views = [dict()]
    with pytest.raises(PreflightError, match='DISC needs two views'):
        build_runner(cfg).train()
    with pytest.raises(ValueError, match='momentum in'):
        DISCHook(warmup_epochs=1, momentum=1.0)
