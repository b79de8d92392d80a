import csv
from functools import partial

import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine import PESHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.stamps import observed_labels, read_division, read_weights, sample_indices
from tests.helpers import build_runner, digits_cfg
from tests.same_everywhere import check_ranks_agree, check_resumes

PLAIN, SEMI = 'pes/pes_cnn3_60e_digits-sym40.py', 'pes/pes-semi_cnn3_60e_digits-sym40.py'


def config(work_dir, base=PLAIN, epochs=3, hook=None, **overrides):
    cfg = digits_cfg(work_dir, base, epochs, **overrides)
    cfg.train_dataloader.dataset.source.indices = 400
    cfg.optim_wrapper.optimizer.lr = 0.1
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    parts = [
        dict(modules=['backbone.layers.8', 'backbone.layers.9', 'head'], epochs=1),
        dict(modules=['head'], epochs=1),
    ]
    cfg.custom_hooks[0].update(dict(begin=1, parts=parts, lr=0.01), **(hook or {}))
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, PESHook))


class Spy(Hook):
    """Predicts a second time at the start of each epoch, and keeps what the batches of the last were stamped with."""

    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        self.batches = []
        model = unwrap(runner.model).eval()
        dataset = runner.train_dataloader.dataset
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
        with torch.no_grad():
            self.probability = model((images - 73.3) / 90.3).softmax(1)
        model.train()
        self.labels = torch.tensor(dataset.gt_labels)
        self.confident = self.probability.argmax(1) == self.labels

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        samples = data_batch['data_samples']
        self.batches.append(
            (sample_indices(samples), observed_labels(samples), read_weights(samples), read_division(samples))
        )


def spied(cfg):
    runner, spy = build_runner(cfg), Spy()
    runner.register_hook(spy)
    runner.train()
    return runner, spy


def test_batches_hold_confident_samples_of_balanced_weight(tmp_path):
    runner, spy = spied(config(tmp_path))
    hook = hook_of(runner)
    assert torch.equal(hook.record['predicted'] == hook.labels, spy.confident)
    assert 10 < spy.confident.sum() < len(spy.confident)
    torch.testing.assert_close(
        hook.record['own'], spy.probability[torch.arange(len(spy.labels)), spy.labels], rtol=1e-5, atol=1e-6
    )
    counts = torch.bincount(spy.labels[spy.confident], minlength=10).double()
    inverse = counts[counts > 0].mean() / counts
    for index, labels, weights, division in spy.batches:
        assert spy.confident[index].all() and division is None
        expected = inverse[labels] / inverse[labels].mean()
        torch.testing.assert_close(weights.double(), expected, rtol=1e-5, atol=1e-5)
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [bool(int(row['is_issue'])) for row in rows] == (~spy.confident).tolist()
    assert [int(row['suggested_label']) for row in rows] == spy.probability.argmax(1).tolist()


def test_semi_divides_by_confidence(tmp_path):
    runner, spy = spied(config(tmp_path, SEMI, hook=dict(semi=True)))
    share = spy.confident.float().mean().item()
    labelled = round(64 * (1 - min(0.5, 1 - share)))
    assert len(spy.batches) == 6  # 360 samples
    for batch_idx, (index, _, weights, division) in enumerate(spy.batches):
        assert torch.equal(division.labelled[:, 0], spy.confident[index]) and weights is None
        assert torch.equal(division.p_clean[:, 0], spy.confident[index].double())
        assert int(division.labelled.sum()) == labelled
        assert division.age == pytest.approx(1 + batch_idx / 6)


@pytest.mark.parametrize('base, semi', [(PLAIN, False), (SEMI, True)])
def test_resumed_run_equals_the_unbroken_one(tmp_path, base, semi):
    # From before the parts are trained anew, and from after it.
    check_resumes(partial(config, base=base, hook=dict(semi=semi)), tmp_path, (1, 2))


@pytest.mark.ddp
@pytest.mark.parametrize('base, semi', [(PLAIN, False), (SEMI, True)])
def test_two_ranks(tmp_path, base, semi):
    check_ranks_agree(config(tmp_path, base, hook=dict(semi=semi)))


def test_without_a_confident_sample_all_are_trained_on(tmp_path, monkeypatch):
    def nothing(self, runner, measure):
        labels = torch.tensor(runner.train_dataloader.dataset.gt_labels)
        return dict(own=torch.zeros(len(labels)), predicted=(labels + 1) % 10)

    monkeypatch.setattr('mmnoisy.engine.shared_sweep.SharedSweep.run', nothing)
    runner, spy = spied(config(tmp_path, epochs=2))
    assert sum(len(index) for index, *_ in spy.batches) == 384  # six whole batches
    assert all(torch.equal(weights, torch.ones_like(weights)) for _, _, weights, _ in spy.batches)


@pytest.mark.parametrize(
    'base, hook, message',
    [
        (PLAIN, dict(parts=[dict(modules=['neck'], epochs=1)]), 'no module with parameters called neck'),
        (PLAIN, dict(semi=True), "needs model.type='mmnoisy.SemiSupervisedClassifier'"),
        (SEMI, dict(semi=False), "needs model.type='mmnoisy.SampleAwareClassifier'"),
        (PLAIN, dict(begin=3), 'begin=3, but training ends'),
    ],
)
def test_refuses(tmp_path, base, hook, message):
    with pytest.raises(PreflightError, match=message):
        build_runner(config(tmp_path, base, hook=hook)).train()


@pytest.mark.parametrize('options', [dict(begin=0), dict(lr=0), dict(parts=[dict(modules=['head'])])])
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match='PESHook'):
        PESHook(**dict(dict(begin=1, parts=[dict(modules=['head'], epochs=1)]), **options))
