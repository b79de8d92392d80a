import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook

from mmnoisy.engine import LossMixtureHook
from mmnoisy.engine.loss_division import LossDivision
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.functional.mixtures import fit_bmm
from mmnoisy.registry import HOOKS
from mmnoisy.stamps import sample_indices
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train, train_still

BASE = 'm_correction/m_correction_cnn3_60e_digits-sym40.py'


def config(work_dir, epochs=3, hook=None, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, **overrides)
    cfg.train_dataloader.dataset.source.indices = 300
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[0].update(dict(warmup_epochs=1, plot_interval=0), **(hook or {}))
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, LossMixtureHook))


def state(runner):
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


class Spy(Hook):
    """Measures a second time, and keeps the stamps of each epoch's first batch."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        model, dataset = unwrap(runner.model).eval(), runner.train_dataloader.dataset
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
        with torch.no_grad():
            logits = model((images - 73.3) / 90.3)
        model.train()
        losses = F.cross_entropy(logits, torch.tensor(dataset.gt_labels), reduction='none').double().numpy()
        low, high = np.percentile(losses, [5, 95])
        self.p_clean = fit_bmm((np.clip(losses, low, high) - low) / (high - low), max_iter=10, margin=1e-3).p_clean

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 0 and runner.epoch == 0:
            # The warm-up: nothing is stamped.
            assert all('p_clean' not in sample for sample in data_batch['data_samples'])
        elif batch_idx == 0:
            self.stamps = {s.sample_idx: (s.p_clean.tolist(), s.labelled.tolist()) for s in data_batch['data_samples']}


def test_stamps_the_posterior_of_the_losses(tmp_path):
    runner = build_runner(config(tmp_path, epochs=2, hook=dict(plot_interval=1)))
    spy = Spy()
    runner.register_hook(spy)
    runner.train()
    p_clean = hook_of(runner).record['p_clean']
    np.testing.assert_allclose(p_clean[:, 0], spy.p_clean, atol=1e-3)
    assert len(spy.stamps) == 64 and 0.05 < (p_clean > 0.5).float().mean() < 0.95
    for index, (value, labelled) in spy.stamps.items():
        assert value == p_clean[index].tolist() and labelled == [True]
    assert len(list((tmp_path / 'division').glob('epoch_2_net1.png'))) == 1
    rows = (tmp_path / 'samples.csv').read_text().splitlines()
    assert len(rows) == len(p_clean) + 1


def test_resumed_run_equals_the_unbroken_one(tmp_path):
    whole = train(config(tmp_path / 'whole', epochs=4, hook=dict(warmup_epochs=2)))
    for epoch in (1, 3):
        cfg = config(tmp_path / f'{epoch}', epochs=4, hook=dict(warmup_epochs=2), resume=True)
        cfg.load_from = str(tmp_path / 'whole' / f'epoch_{epoch}.pth')
        resumed = train(cfg)
        for name, value in state(whole).items():
            assert torch.equal(value, state(resumed)[name]), name
        assert torch.equal(hook_of(whole).record['p_clean'], hook_of(resumed).record['p_clean'])


def _frozen(cfg):
    return hook_of(train_still(cfg)).record['p_clean']


def _learn(cfg):
    runner = train(cfg)
    return state(runner), hook_of(runner).record['p_clean']


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    one = _frozen(config(tmp_path / 'one', epochs=2))
    for p_clean in run_two_ranks(_frozen, ddp(config(tmp_path / 'two', epochs=2))):
        torch.testing.assert_close(p_clean, one, atol=1e-3, rtol=0)
    (weights, p_clean), (weights1, p_clean1) = run_two_ranks(_learn, ddp(config(tmp_path / 'learn', epochs=2)))
    assert torch.equal(p_clean, p_clean1)
    assert all(torch.equal(value, weights1[name]) for name, value in weights.items() if 'running' not in name)


@pytest.mark.parametrize('value, message', [(0.0, 'no label'), (1.0, 'every label'), (None, r'class(es) [3]')])
def test_degenerate_fits_keep_training(tmp_path, monkeypatch, value, message):
    def fit(self, runner, losses, labels, number):
        p_clean = torch.full(losses.shape, 0.9 if value is None else value).double()
        if value is None:
            p_clean[labels == 3] = 0
        return p_clean, {}

    monkeypatch.setattr(LossDivision, 'fit', fit)
    runner = build_runner(config(tmp_path, epochs=2))
    messages = []
    monkeypatch.setattr(runner.logger, 'warning', messages.append)
    runner.train()
    assert all(value.isfinite().all() for value in state(runner).values())
    assert any(message in text for text in messages)


@HOOKS.register_module()
class CountingMixtureHook(LossMixtureHook):
    """Counts visits beside the division: a summed column beside a written one."""

    columns = dict(LossMixtureHook.columns, visits=())

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.add(sample_indices(data_batch['data_samples']), visits=torch.ones(len(data_batch['data_samples'])))


def test_a_subclass_may_have_summed_columns(tmp_path):
    cfg = config(tmp_path, epochs=2)
    cfg.custom_hooks[0].type = 'mmnoisy.CountingMixtureHook'
    record = hook_of(train(cfg)).record
    assert record['visits'].min() == 2 and record['p_clean'].any()


@pytest.mark.parametrize('mixture', ['bmm', 'gmm'])
def test_losses_of_one_component_give_finite_trust(mixture):
    division = LossMixtureHook(warmup_epochs=1, mixture=mixture).divider
    for losses in (np.zeros(50), np.ones(50), np.random.default_rng(0).beta(2, 20, 300), np.r_[np.zeros(49), 1]):
        p_clean = division.fit_one(losses).p_clean
        assert np.isfinite(p_clean).all() and p_clean.min() >= 0 and p_clean.max() <= 1
        assert p_clean[losses.argmin()] >= p_clean[losses.argmax()]


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(warmup_epochs=0), 'warmup_epochs'),
        (dict(threshold=1.0), 'threshold'),
        (dict(percentile=50), 'percentile'),
        (dict(mixture='x'), 'mixture must be one of gmm, bmm'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        LossMixtureHook(**dict(dict(warmup_epochs=1), **options))


def test_refuses_a_model_that_ignores_the_stamps(tmp_path):
    cfg = config(tmp_path)
    cfg.model.type = 'mmnoisy.SampleAwareClassifier'
    cfg.model.pop('step')
    with pytest.raises(ValueError, match='SampleAwareClassifier would ignore it'):
        train(cfg)
