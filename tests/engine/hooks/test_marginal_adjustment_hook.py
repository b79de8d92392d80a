"""Marginal distribution adjustment (MDA): what each selector sees, in float64, and that it is the same everywhere."""

from functools import partial

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine.hooks.marginal_adjustment_hook import MarginalAdjustmentHook, mean_prediction
from mmnoisy.engine.loss_division import LossDivision
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.engine.shared_sweep import shared_sweep
from mmnoisy.functional.class_uniform import js_divergence, small_loss_of_each
from tests.helpers import build_runner, digits_cfg, train
from tests.same_everywhere import check_ranks_agree, check_resumes

PES, SSR = 'pes/pes_cnn3_60e_digits-sym40.py', 'ssr/ssr_cnn3_60e_digits-sym40.py'
MIXTURE = 'm_correction/m_correction_cnn3_60e_digits-sym40.py'
DIVIDEMIX, PROMIX = 'dividemix/dividemix_cnn3_60e_digits-sym40.py', 'promix/promix_cnn3_60e_digits-sym40.py'
OPTIONS = {
    PES: dict(begin=1, parts=[dict(modules=['head'], epochs=1)], lr=0.01),
    SSR: dict(theta_r=0.1, k=10),
    MIXTURE: dict(warmup_epochs=1, plot_interval=0),
    DIVIDEMIX: dict(warmup_epochs=1, plot_interval=0),
    PROMIX: dict(warmup_epochs=1),
}


def config(work_dir, base=PES, hook=None, adjust=True, epochs=2, **overrides):
    two = base in (DIVIDEMIX, PROMIX)
    cfg = digits_cfg(work_dir, base, epochs, channels=None if two else (4, 8, 8), **overrides)
    if two:
        cfg.model.network.backbone.channels, cfg.model.network.head.in_channels = (4, 8, 8), 8
    cfg.train_dataloader.dataset.source.indices = 300
    cfg.optim_wrapper.optimizer.lr = 0.05
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[0].update(OPTIONS[base], **(hook or {}))
    if adjust:
        cfg.custom_hooks.append(dict(type='mmnoisy.MarginalAdjustmentHook'))
    return cfg


class Spy(Hook):
    """Predicts all samples at the start of each epoch, network by network: (networks, N, K), with no sweep."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        model = unwrap(runner.model).eval()
        dataset = runner.train_dataloader.dataset
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
        networks = [model.net1, model.net2] if hasattr(model, 'net1') else [model]
        with torch.no_grad():
            self.logits = np.stack([net((images - 73.3) / 90.3).double().numpy() for net in networks])
        model.train()
        self.labels = np.array(dataset.gt_labels)


def adjusted(logits):
    """The paper's p / p' of each network, scaled to the sum 1: (networks, N, K)."""
    p = np.exp(logits - logits.max(2, keepdims=True))
    p /= p.sum(2, keepdims=True)
    ratio = p / p.mean(1, keepdims=True)
    return ratio / ratio.sum(2, keepdims=True)


def run(cfg):
    """Train; the hook that selects, what it had to see in the last epoch, and the labels."""
    runner, spy = build_runner(cfg), Spy()
    runner.register_hook(spy)
    runner.train()
    hook = next(hook for hook in runner.hooks if getattr(hook, 'selects_by_sweep', False))
    p = adjusted(spy.logits)
    # Otherwise nothing would be seen of it.
    plain = spy.logits.argmax(2)
    assert (plain != p.argmax(2)).mean() > 0.02
    return hook, p, spy.labels


def close(found, expected, atol=1e-5):
    torch.testing.assert_close(found.double(), torch.as_tensor(expected), rtol=1e-4, atol=atol)


def same(found, expected):
    """But for ties within the rounding of float32, of which a network that has hardly learnt anything has some."""
    assert (found.numpy() != expected).mean() < 0.01


def own(p, labels):
    """(networks, N)"""
    return p[:, np.arange(len(labels)), labels]


def test_pes_asks_for_agreement_of_the_adjusted_prediction(tmp_path):
    hook, p, labels = run(config(tmp_path))
    same(hook.record['predicted'], p[0].argmax(1))
    close(hook.record['own'], own(p, labels)[0])
    same(hook.division.labelled[:, 0], p[0].argmax(1) == labels)


def test_ssr_relabels_by_the_adjusted_confidence(tmp_path):
    hook, p, labels = run(config(tmp_path, SSR))
    expected = np.where(p[0].max(1) > 0.1, p[0].argmax(1), labels)
    assert (expected != labels).mean() > 0.05
    same(hook._targets, expected)


@pytest.mark.parametrize('base', [MIXTURE, DIVIDEMIX])
def test_mixtures_are_fitted_to_the_adjusted_losses(tmp_path, base, monkeypatch):
    seen, fit = [], LossDivision.fit
    monkeypatch.setattr(
        LossDivision, 'fit', lambda self, r, losses, *a: seen.append(losses) or fit(self, r, losses, *a)
    )
    _, p, labels = run(config(tmp_path, base, epochs=2))
    losses = -np.log(own(p, labels)).T
    cut = 5 if base == MIXTURE else 0
    low, high = np.percentile(losses, [cut, 100 - cut], axis=0)
    # Scaling makes the rounding of losses that hardly differ larger.
    close(torch.from_numpy(seen[-1]), (losses.clip(low, high) - low) / (high - low), atol=1e-3)


def test_class_uniform_selection_goes_by_the_adjusted_mean(tmp_path):
    hook, p, labels = run(config(tmp_path, DIVIDEMIX, hook=dict(selection='uniform')))
    divergence = js_divergence(torch.from_numpy(own(p, labels).mean(0)))
    close(hook.record['p_clean'][:, 0], (1 - divergence / np.log(2)).numpy())


def test_of_a_subset_the_mean_is_that_of_the_subset(tmp_path):
    hook, _, labels = run(config(tmp_path, DIVIDEMIX, hook=dict(selection='uniform', subset=100)))
    assert int((~hook.record['p_clean'][:, 0].isnan()).sum()) == 100 and len(labels) == 270


def test_promix_selects_by_the_adjusted_losses(tmp_path):
    hook, p, labels = run(config(tmp_path, PROMIX))
    close(hook.record['own'], own(p, labels).T)
    same(hook.record['prediction'], np.log(p).sum(0).argmax(1))
    chosen = small_loss_of_each(-torch.from_numpy(np.log(own(p, labels)[1])), hook.labels, 10, 0.5)
    same(hook.record['selected'][:, 1], chosen.numpy())


def test_evaluation_and_others_see_the_model_as_it_is(tmp_path):
    runner, spy = build_runner(config(tmp_path)), Spy()
    found = {}

    class Other(Hook):
        priority = 'LOWEST'

        def before_train_epoch(self, runner):
            measure = lambda model, inputs, samples: dict(z=model(inputs))  # noqa: E731
            found['plain'] = shared_sweep(runner).run(runner, measure)['z']
            found['mean'] = mean_prediction(runner, shared_sweep(runner).loader(runner))['']

    for hook in (spy, Other()):
        runner.register_hook(hook)
    runner.train()
    close(found['plain'], spy.logits[0])
    p = np.exp(spy.logits[0])
    close(found['mean'], (p / p.sum(1, keepdims=True)).mean(0))


@pytest.mark.parametrize('base', [PES, DIVIDEMIX])
def test_resumed_run_equals_the_unbroken_one(tmp_path, base):
    check_resumes(partial(config, base=base, epochs=3), tmp_path, (2,))


@pytest.mark.ddp
def test_two_ranks_agree_with_each_other(tmp_path):
    check_ranks_agree(config(tmp_path, DIVIDEMIX))


@pytest.mark.parametrize('hooks', [[], [dict(type='mmnoisy.AUMHook')]])
def test_refuses_a_run_in_which_nothing_selects_by_a_sweep(tmp_path, hooks):
    cfg = config(tmp_path)
    cfg.custom_hooks = [*hooks, dict(type='mmnoisy.MarginalAdjustmentHook')]
    with pytest.raises(PreflightError, match='no hook of the run selects samples by a sweep'):
        train(cfg)


def test_refuses_two_of_them(tmp_path):
    cfg = config(tmp_path)
    cfg.custom_hooks.append(dict(type='mmnoisy.MarginalAdjustmentHook'))
    with pytest.raises(ValueError, match='Two hooks would adjust'):
        train(cfg)
    assert MarginalAdjustmentHook in {type(hook) for hook in build_runner(cfg).hooks}
