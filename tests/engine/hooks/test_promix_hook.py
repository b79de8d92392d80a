"""ProMix: the losses of both heads in float64, what the hook selects and stamps, resume and two ranks."""

import csv
import math

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmpretrain.structures import DataSample

from mmnoisy.engine import ProMixHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.models.classifiers import promix
from mmnoisy.registry import MODELS
from mmnoisy.stamps import Division, write_division
from tests.helpers import build_runner, digits_cfg
from tests.same_everywhere import check_ranks_agree, check_resumes

BASE = 'promix/promix_cnn3_60e_digits-sym40.py'
B, K, D = 8, 3, 4
LAM, CUT = 0.8, 0.75


def config(work_dir, epochs=3, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, channels=None, **overrides)
    cfg.model.network.backbone.channels = (4, 8, 8)
    cfg.model.network.head.in_channels = 8
    # Every part works in so few steps: low confidence, guesses from the second epoch on.
    cfg.model.update(fmix=True, confidence=0.102, guess_begin=1, ramp_epochs=2, momentum=0.9)
    cfg.optim_wrapper.optimizer.lr = 0.05
    cfg.train_dataloader.dataset.source.indices = 200
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[0].warmup_epochs = 1
    return cfg


def model(**options):
    head = dict(type='LinearClsHead', num_classes=K, in_channels=D, loss=dict(type='mmpretrain.CrossEntropyLoss'))
    network = dict(
        type='mmnoisy.SampleAwareClassifier', backbone=dict(type='mmnoisy.FeatureProbe', in_channels=D), head=head
    )
    options = dict(confidence=0.6, guess_begin=0, ramp_epochs=5, momentum=0.9, **options)
    built = MODELS.build(dict(type='mmnoisy.ProMix', network=network, **options)).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
    # What both networks see alike they predict alike: without that there is nothing to agree on.
    for other, parameter in zip(built.net2.parameters(), built.net1.parameters()):
        noise = torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
        other.data = parameter.data + 0.3 * noise
    prior = torch.rand(2, 2, K, dtype=torch.float64, generator=generator)
    built.prior.copy_(prior / prior.sum(2, keepdim=True))
    return built


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def entropy(z, prior, target):
    """Cross entropy of logits that are corrected for a loss."""
    return -(np.asarray(target) * np.log(softmax(z + 0.8 * np.log(prior)))).sum()


class Reference:
    """One network of ProMix, sample by sample in numpy: features (2, B, D), given labels, what both networks predict."""

    def __init__(self, heads, prior, views, labels, epoch):
        self.heads, self.prior, self.views, self.labels = heads, prior, views, labels
        self.ramp, self.epoch = min(epoch / 5, 1), epoch
        self.p = np.stack([softmax(self.z(0, x)) for x in views[0]])

    def z(self, head, x):
        weight, bias = self.heads[head]
        return weight @ x + bias

    def choose(self, labelled, other):
        """Believed, then guessed: the class to learn of each reliable sample."""
        eye = np.eye(K)
        self.believed = labelled | (self.p[np.arange(B), self.labels] > 0.6)
        agree = [
            i
            for i in np.flatnonzero(~self.believed)
            if self.p[i].argmax() == other.p[i].argmax() and min(self.p[i].max(), other.p[i].max()) > 0.6
        ]
        agree.sort(key=lambda i: -(self.p[i].max() + other.p[i].max()))
        self.guessed = agree[: max(0, int(0.9 * B) - int(self.believed.sum()))]
        self.target = {}
        for i in range(B):
            if self.believed[i]:
                self.target[i] = eye[self.labels[i]]
            elif i in self.guessed:
                self.target[i] = eye[np.argmax(self.z(0, self.views[0][i]) - 0.8 * np.log(self.prior[0]))]

    def loss(self, head, order, mask):
        weak, strong = self.views
        rows, prior = sorted(self.target), self.prior[0]
        plain = np.mean([entropy(self.z(head, weak[i]), prior, self.target[i]) for i in rows])
        other = np.mean([entropy(self.z(head, strong[i]), prior, self.target[i]) for i in rows])
        mixup = fmix = 0.0
        for a, b in zip(rows, np.array(rows)[order]):
            x, y = weak[a], weak[b]
            targets = self.target[a], self.target[b]
            z = self.z(head, LAM * x + (1 - LAM) * y)
            mixup += entropy(z, prior, LAM * targets[0] + (1 - LAM) * targets[1]) / len(rows)
            # The network looks at the first pixel alone, which the mask takes from one of the images.
            z = self.z(head, x if mask[0, 0] else y)
            fmix += entropy(z, prior, CUT * targets[0] + (1 - CUT) * targets[1]) / len(rows)
        return plain + self.ramp * (other + mixup + fmix)

    def rest(self):
        """The second head's loss on what is not reliable."""
        prior, found = self.prior[1], []
        if self.epoch >= 10:
            return 0.0
        for i in set(range(B)) - set(self.target):
            p = softmax(self.z(0, self.views[0][i]) - 0.8 * np.log(prior)) ** 2
            target = p / p.sum()
            weak, strong = (entropy(self.z(1, view[i]), prior, target) for view in self.views)
            found.append(weak + self.ramp * strong)
        return 0.1 * self.epoch / 10 * np.mean(found)

    def moved(self):
        reliable = np.isin(np.arange(B), list(self.target))
        means = np.stack([self.p[reliable].mean(0), self.p[~reliable].mean(0)])
        return 0.9 * self.prior + 0.1 * means


@pytest.mark.parametrize('epoch', [3, 12])
def test_losses_equal_the_reference(monkeypatch, epoch):
    network = model()
    inputs = torch.randn(2, B, D, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    labelled = np.array([[1, 0], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [0, 1]]).astype(bool)
    samples = [DataSample().set_gt_label(label) for label in labels.tolist()]
    write_division(samples, Division(torch.tensor(labelled).double(), torch.tensor(labelled)))
    modules = ((network.net1.head, network.second1), (network.net2.head, network.second2))
    parts = [[[p.detach().numpy() for p in head.fc.parameters()] for head in pair] for pair in modules]
    views = inputs[..., 0, 0].numpy()
    nets = [Reference(parts[i], network.prior[i].numpy().copy(), views, labels, epoch) for i in range(2)]
    for i in range(2):
        nets[i].choose(labelled[:, i], nets[1 - i])
    # The case has all kinds of samples in it.
    assert nets[0].guessed and all(1 < len(net.target) < B for net in nets)
    assert any((net.believed & ~labelled[:, i]).any() for i, net in enumerate(nets))
    mask = np.array([[0.0, 1.0], [1.0, 1.0]])
    monkeypatch.setattr(promix, 'current_epoch', lambda: epoch)
    monkeypatch.setattr(promix, 'draw_mix', lambda size, alpha, device: (LAM, torch.arange(size).roll(1)))
    monkeypatch.setattr(
        promix, 'draw_fmix', lambda size, h, w, device: (CUT, torch.tensor(mask), torch.arange(size).roll(1))
    )
    losses = network.loss(inputs, samples)
    for i, net in enumerate(nets):
        order = np.roll(np.arange(len(net.target)), 1)
        # The networks' logits are brought to float32.
        assert losses[f'loss_net{i + 1}'].item() == pytest.approx(net.loss(0, order, mask), rel=1e-6)
        second = net.loss(1, order, mask) + net.rest()
        assert losses[f'loss_net{i + 1}_second'].item() == pytest.approx(second, rel=1e-6)
        assert losses[f'net{i + 1}_reliable'] == len(net.target) / B
        np.testing.assert_allclose(network.prior[i].numpy(), net.moved(), rtol=1e-6)


def test_warm_up_is_the_loss_of_two_networks_and_reaches_every_weight():
    network = model()
    inputs = torch.randn(2, B, D, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    samples = [DataSample().set_gt_label(i % K) for i in range(B)]
    losses = network.loss(inputs, samples)
    assert losses['loss_net1'] == network.net1.loss(inputs[0], samples)['loss']
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_nothing_reliable_gives_no_loss_of_first_heads_but_a_gradient():
    network = model()
    network.confidence, network.guess_begin = 0.999999, None
    before = network.prior.clone()
    samples = [DataSample().set_gt_label(0) for _ in range(B)]
    write_division(samples, Division(torch.zeros(B, 2), torch.zeros(B, 2).bool()))
    losses = network.loss(torch.randn(2, B, D, 2, 2, dtype=torch.float64), samples)
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert losses['loss_net1'] == losses['loss_net2'] == 0
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert torch.equal(network.prior[:, 0], before[:, 0]) and not torch.equal(network.prior[:, 1], before[:, 1])


class Spy(Hook):
    """Measures the networks itself before each epoch, and looks at the stamps."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        dataset = runner.train_dataloader.dataset
        self.labels = np.array(dataset.get_gt_labels())
        model = unwrap(runner.model).eval()
        batch = runner.train_dataloader.collate_fn([dataset[i] for i in range(len(dataset))])
        with torch.no_grad():
            logits = model.logits(model.data_preprocessor(batch, False)['inputs'])
        model.train()
        self.p = {name: z.double().softmax(1).numpy() for name, z in logits.items()}
        self.selected = np.zeros((len(dataset), 2), dtype=bool)
        for i, name in enumerate(('net1', 'net2')):
            own = self.p[name][np.arange(len(dataset)), self.labels]
            for label in range(10):
                rows = np.flatnonzero(self.labels == label)
                self.selected[rows[np.argsort(-own[rows])][: math.ceil(0.5 * len(dataset) / 10)], i] = True

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for sample in data_batch['data_samples']:
            if runner.epoch < 1:
                assert 'labelled' not in sample
            else:
                assert sample.labelled.tolist() == self.selected[sample.sample_idx].tolist()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch >= 1:
            self.guessed = self.guessed or float(outputs['net1_guessed']) > 0

    guessed = False


def test_selects_small_losses_and_stamps_them(tmp_path):
    runner, spy = build_runner(config(tmp_path)), Spy()
    runner.register_hook(spy)
    runner.train()
    hook = next(hook for hook in runner.hooks if isinstance(hook, ProMixHook))
    assert hook.record['selected'].tolist() == spy.selected.tolist() and spy.guessed
    predicted = spy.p['ensemble'].argmax(1)
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    issues = (predicted != spy.labels) & ~spy.selected.any(1)
    assert [bool(int(row['is_issue'])) for row in rows] == issues.tolist() and 0 < issues.sum() < len(issues)
    own = np.mean([spy.p[name][np.arange(len(rows)), spy.labels] for name in ('net1', 'net2')], axis=0)
    np.testing.assert_allclose([float(row['score']) for row in rows], own, atol=1e-5)


def test_resumed_run_equals_the_unbroken_one(tmp_path):
    check_resumes(config, tmp_path, (1, 2))


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    # The classes that networks lean to are a buffer, which has to be that of both ranks' batches.
    found = check_ranks_agree(config(tmp_path))
    assert found['ProMixHook.selected'].any(1).sum() > 90


def test_refuses(tmp_path):
    cfg = config(tmp_path)
    cfg.model = dict(type='mmnoisy.TwoNetworks', network=cfg.model.network)
    with pytest.raises(PreflightError, match='TwoNetworks would ignore it'):
        build_runner(cfg).train()
    cfg = config(tmp_path)
    cfg.data_preprocessor.views = [dict()]
    with pytest.raises(PreflightError, match='ProMix needs two views'):
        build_runner(cfg).train()
    with pytest.raises(ValueError, match='share in'):
        ProMixHook(warmup_epochs=1, share=0)
    with pytest.raises(ValueError, match='confidence must be in'):
        model(temperature=0)
    with pytest.raises(ValueError, match='set fmix=False'):
        model().check_inputs(torch.zeros(2, B, D, 1, 1))
