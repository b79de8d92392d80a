import csv

import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine import SSRHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.functional.knn_vote import Votes, knn_vote
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

BASE = 'ssr/ssr_cnn3_60e_digits-sym40.py'
#: Low enough for a network that has hardly learnt anything.
THETA_R = 0.107


def config(work_dir, epochs=3, hook=None, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, **overrides)
    cfg.train_dataloader.dataset.source.indices = 400
    cfg.optim_wrapper.optimizer.lr = 0.1
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[0].update(dict(theta_r=THETA_R, k=10), **(hook or {}))
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, SSRHook))


def state(runner):
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


class Spy(Hook):
    """Relabels and selects a second time, and keeps what the batches of the last epoch were stamped with."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        self.seen, self.targets = [], {}
        model = unwrap(runner.model).eval()
        dataset = runner.train_dataloader.dataset
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
        with torch.no_grad():
            features = model.extract_feat((images - 73.3) / 90.3)
            probability = model.head(features).softmax(1)
        model.train()
        given = torch.tensor(dataset.gt_labels)
        self.labels = torch.where(probability.max(1).values > THETA_R, probability.argmax(1), given)
        votes = knn_vote(features[-1], self.labels, torch.stack([self.labels, given], 1), 10, 10)
        self.selected, self.winner = votes.share[:, 0] == 1, votes.winner

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for sample in data_batch['data_samples']:
            self.seen.append(sample.sample_idx)
            self.targets[sample.sample_idx] = sample.gt_score.tolist()


def test_relabels_selects_and_stamps(tmp_path):
    runner = build_runner(config(tmp_path, epochs=4))
    spy = Spy()
    runner.register_hook(spy)
    runner.train()
    hook = hook_of(runner)
    given = torch.tensor(hook.dataset.gt_labels)
    assert 10 < (spy.labels != given).sum() < len(given)
    assert torch.equal(hook.record['selected'], spy.selected) and 0 < spy.selected.sum() < len(given)
    # Only selected samples are in the batches, with the new label; each class as often as the others.
    assert all(spy.selected[index] for index in spy.seen)
    for index, target in spy.targets.items():
        assert target == torch.eye(10)[spy.labels[index]].tolist()
    count = torch.bincount(spy.labels[spy.seen], minlength=10)
    present = torch.bincount(spy.labels[spy.selected], minlength=10) > 0
    assert len(spy.seen) == len(given) // 64 * 64 and (count[~present] == 0).all()
    assert count[present].max() - count[present].min() < 0.5 * count.max()
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    suggested = torch.where(spy.selected, spy.labels, spy.winner)
    assert [int(row['suggested_label']) for row in rows] == suggested.tolist()
    assert [bool(int(row['is_issue'])) for row in rows] == (suggested != given).tolist()
    assert [float(row['score']) for row in rows] == pytest.approx(hook.record['votes'].tolist(), rel=1e-6)


def test_relabelling_starts_from_the_observed_labels_each_epoch(tmp_path):
    # Confidence never reaches 1: however long it trains, the labels are the observed ones.
    runner = train(config(tmp_path, epochs=3, hook=dict(theta_r=1.0)))
    hook = hook_of(runner)
    assert torch.equal(hook._targets, torch.tensor(hook.dataset.gt_labels))
    # Selected is what the vote for the observed label wins.
    assert torch.equal(hook.record['suggested'][hook.record['selected']], hook._targets[hook.record['selected']])


def test_neighbours_of_frozen_features_are_looked_for_once(monkeypatch):
    hook, features, rows = SSRHook(k=5), torch.randn(40, 6), torch.arange(40)
    first = hook.neighbours(features, rows)
    assert hook.neighbours(features.clone(), rows) is first
    other = hook.neighbours(features + torch.randn(40, 6), rows)
    assert other is not first and not torch.equal(other[0][2], first[0][2])
    monkeypatch.setattr('mmnoisy.engine.hooks.ssr_hook._KEPT', 199)
    assert not isinstance(hook.neighbours(features, rows), list)


def test_a_confidence_of_theta_r_is_not_above_it(tmp_path, monkeypatch):
    """``theta_r=1`` is for never, also where softmax is exactly 1 in float32."""

    def saturated(model, inputs, data_samples):
        size = len(data_samples)
        return dict(features=torch.rand(size, 8), confidence=torch.ones(size), prediction=torch.full((size,), 3))

    monkeypatch.setattr('mmnoisy.engine.hooks.ssr_hook.features_and_confidence', saturated)
    for theta_r, relabelled in ((1.0, False), (0.999, True)):
        hook = hook_of(train(config(tmp_path / str(theta_r), epochs=1, hook=dict(theta_r=theta_r))))
        given = torch.tensor(hook.dataset.gt_labels)
        assert torch.equal(hook._targets, torch.full_like(given, 3) if relabelled else given)


@pytest.mark.parametrize('options', [{}, dict(warmup_epochs=2)])
def test_resumed_run_equals_the_unbroken_one(tmp_path, options):
    whole = train(config(tmp_path / 'whole', epochs=4, hook=options))
    for epoch in (1, 2):
        cfg = config(tmp_path / f'{epoch}', epochs=4, hook=options, resume=True)
        cfg.load_from = str(tmp_path / 'whole' / f'epoch_{epoch}.pth')
        resumed = train(cfg)
        for name, value in state(whole).items():
            assert torch.equal(value, state(resumed)[name]), name
        for name, column in hook_of(whole).record.items():
            assert torch.equal(column, hook_of(resumed).record[name]), name
        assert hook_of(whole).scalars == hook_of(resumed).scalars


def _learn(cfg):
    runner = train(cfg)
    return state(runner), hook_of(runner).record, runner.iter


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    # Before any training both have the same network: the same votes and the same selection.
    one = hook_of(train(config(tmp_path / 'one', epochs=1))).record
    (_, two, iters), _ = run_two_ranks(_learn, ddp(config(tmp_path / 'two', epochs=1)))
    assert iters == 360 // (2 * 64)
    for name, column in one.items():
        torch.testing.assert_close(two[name], column)
    (weights, record, _), (weights1, record1, _) = run_two_ranks(_learn, ddp(plus(tmp_path / 'learn')))
    assert all(torch.equal(column, record1[name]) for name, column in record.items())
    assert all(torch.equal(value, weights1[name]) for name, value in weights.items() if 'running' not in name)


@pytest.mark.parametrize('case', ['none', 'one class', 'all'])
def test_degenerate_selections_keep_training(tmp_path, monkeypatch, case):
    def vote(self, features, labels):
        share = torch.full((len(labels), 2), 0.0 if case == 'none' else 1.0)
        if case == 'one class':
            share[labels == 3] = 0
        return Votes(labels, share)

    monkeypatch.setattr(SSRHook, 'vote', vote)
    runner = build_runner(config(tmp_path, epochs=1, hook=dict(theta_r=1.0)))
    messages = []
    monkeypatch.setattr(runner.logger, 'warning', messages.append)
    runner.train()
    assert all(value.isfinite().all() for value in state(runner).values())
    expected = {'none': 'no label', 'one class': r'class(es) [3]', 'all': 'every label'}
    assert any(expected[case] in message for message in messages)
    labels = hook_of(runner)._targets[hook_of(runner)._sampler.streams[0]]
    assert (labels == 3).any() == (case != 'one class') and len(labels.unique()) >= 9


def plus(work_dir, **kwargs):
    """With feature consistency: half of each batch is not selected."""
    cfg = config(work_dir, hook=dict(unlabelled_share=0.5), **kwargs)
    step = dict(type='mmnoisy.MixMatchStep', lambda_u=0, labelled_only=True)
    cfg.model.update(type='mmnoisy.FeatureConsistencyClassifier', channels=8, step=step, train_cfg=None)
    cfg.data_preprocessor = dict(
        type='mmnoisy.MultiViewDataPreprocessor', mean=[73.3], std=[90.3], views=[dict(), dict(padding=1)]
    )
    return cfg


def test_unlabelled_share_and_its_resume(tmp_path):
    runner = build_runner(plus(tmp_path / 'whole'))
    seen = []
    runner.model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append((kwargs or {}).get('data_samples')), with_kwargs=True
    )
    runner.train()
    selected = hook_of(runner).record['selected']
    batch = [samples for samples in seen if samples is not None and 'labelled' in samples[0]][-1]
    assert [bool(sample.labelled) for sample in batch] == [bool(selected[sample.sample_idx]) for sample in batch]
    assert sum(bool(sample.labelled) for sample in batch) == 32 and len(batch) == 64
    cfg = plus(tmp_path / 'resumed', resume=True)
    cfg.load_from = str(tmp_path / 'whole' / 'epoch_1.pth')
    resumed = train(cfg)
    assert all(torch.equal(value, state(resumed)[name]) for name, value in state(runner).items())


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(theta_r=0), 'theta_r and theta_s'),
        (dict(theta_s=1.1), 'theta_r and theta_s'),
        (dict(k=0), 'k must be'),
        (dict(warmup_epochs=-1), 'warmup_epochs'),
        (dict(unlabelled_share=1.0), 'unlabelled_share'),
        (dict(weighting='x'), 'weighting must be one of uniform, cosine'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SSRHook(**options)


def test_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match='StreamSampler'):
        train(config(tmp_path, train_dataloader__sampler=dict(type='DefaultSampler', shuffle=True)))
    with pytest.raises(ValueError, match='would use the labels of unlabelled samples'):
        train(config(tmp_path, hook=dict(unlabelled_share=0.5)))
    cfg = config(tmp_path)
    cfg.model = dict(type='mmnoisy.TwoNetworks', network=cfg.model)
    with pytest.raises(ValueError, match='one network with features and a head'):
        train(cfg)
