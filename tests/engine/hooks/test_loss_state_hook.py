"""What ELR, ELR+, PENCIL, SOP and SOP+ keep per sample over a run: resume, two ranks, other data; their judgement."""

import csv

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine import LabelDistributionHook
from mmnoisy.engine.model_parts import storage
from mmnoisy.registry import MODELS
from tests.engine.hooks.test_transition_hook import assert_equal, weights
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train, train_only

N = 270
STATE = {
    'elr': ('targets',),
    'elr_plus': ('targets',),
    'elr-top3-float16': ('targets', 'classes'),
    'pencil': ('targets',),
    'sop': ('u', 'v'),
    'sop_plus': ('u', 'v'),
}


def state_cfg(work_dir, name, **kwargs):
    method, *options = name.split('-')
    cfg = train_only(digits_cfg(work_dir, f'{method}/{method}_cnn3_60e_digits-sym40.py', **kwargs))
    cfg.train_dataloader.dataset.source.indices = 300
    if options:
        cfg.model.head.loss.update(top_k=3, dtype='float16')
    if method == 'pencil':
        cfg.model.head.loss.stages = (0, 9)
    if method == 'elr_plus':
        cfg.model.network.backbone.channels, cfg.model.network.head.in_channels = (4, 8, 8), 8
    return cfg


def state_of(tensors, state):
    """The tensors with a row for each sample: one, or one of each network."""
    return [value[:N] for name, value in tensors.items() if name.endswith(f'loss_module.{state}')]


@pytest.mark.parametrize('method', STATE)
def test_resume_equals_an_unbroken_run(tmp_path, method):
    straight = weights(train(state_cfg(tmp_path / 'straight', method)))
    for name in STATE[method]:
        states = state_of(straight, name)
        assert len(states) == (2 if method == 'elr_plus' else 1)
        assert all(state.float().abs().sum(1).min() > 0 for state in states)
    checkpoint = str(tmp_path / 'straight/epoch_1.pth')
    resumed = train(state_cfg(tmp_path / 'resumed', method, resume=True, load_from=checkpoint))
    assert_equal(weights(resumed), straight)
    if method == 'elr_plus':
        saved = torch.load(checkpoint, weights_only=True)['state_dict']
        assert any(name.startswith('ema1.backbone') for name in saved)


def train_rank(cfg):
    """What this rank's model and its own last epoch's rows are after a run on two ranks."""
    runner = train(ddp(cfg))
    rows = {
        name: value for name, value in weights(runner).items() if 'running' not in name and 'num_batches' not in name
    }
    sampler = runner.train_dataloader.sampler
    return rows, list(sampler)


@pytest.mark.ddp
@pytest.mark.parametrize('method', STATE)
def test_two_ranks_share_what_they_learnt(tmp_path, method):
    (first, rows1), (second, rows2) = run_two_ranks(train_rank, state_cfg(tmp_path, method, epochs=1))
    assert len(rows1) == len(rows2) < N  # each rank saw a part only
    assert_equal(first, second)
    for name in STATE[method]:
        assert all(state.float().abs().sum(1).min() > 0 for state in state_of(first, name))


@pytest.mark.ddp
def test_targets_follow_the_rank_that_saw_the_sample():
    first, second = run_two_ranks(gather_rank)
    assert torch.equal(first, second)
    assert first[:, 0].tolist() == [1, 2, 1.5, -1]


def gather_rank():
    from mmengine.dist import get_rank

    from mmnoisy.models.losses.state_loss import gather_rows

    rank = get_rank()
    # Row 0: seen by rank 0; 1: by rank 1; 2: by both; 3: by none.
    rows = torch.full((4, 2), -1.0)
    seen = torch.tensor([rank == 0, rank == 1, True, False])
    rows[seen] = rank + 1.0
    gather_rows(rows, seen)
    return rows


@pytest.mark.ddp
def test_ranks_gather_a_top_k_table_in_parts():
    first, second = run_two_ranks(gather_table)
    assert torch.equal(first, second)
    # Row 1 was seen by both ranks, which kept other classes: the largest of the mean is left.
    assert first.tolist() == [[0, 5, 0, 0], [0, 0, 2.5, 0], [0, 0, 0, 7], [0, 0, 0, 0], [9, 0, 0, 0]]


def gather_table():
    from mmengine.dist import get_rank

    from mmnoisy.models.losses import table_loss as sample_table_loss

    sample_table_loss._CHUNK = 8  # two rows at a time
    loss = MODELS.build(dict(type='mmnoisy.ELRLoss', num_classes=4, top_k=1))
    loss.set_num_samples(5)
    rows = ([[0, 5, 0, 0], [0, 0, 5, 0]], [[0, 4, 0, 0], [0, 0, 0, 7], [9, 0, 0, 0]])[get_rank()]
    loss.write(torch.tensor(([0, 1], [1, 2, 4])[get_rank()]), torch.tensor(rows).float())
    loss.gather()
    assert not loss.seen.any()
    return loss.rows(torch.arange(5))


def test_refuses_other_data_and_names_the_right_number(tmp_path):
    cfg = state_cfg(tmp_path / 'sop', 'sop')
    cfg.model.head.loss.num_samples = N - 1
    with pytest.raises(ValueError, match=f'write num_samples={N}'):
        train(cfg)
    train(state_cfg(tmp_path / 'elr', 'elr', epochs=1))
    cfg = state_cfg(tmp_path / 'other', 'elr', resume=True, load_from=str(tmp_path / 'elr/epoch_1.pth'))
    cfg.train_dataloader.dataset.holdout = 0.2
    with pytest.raises(ValueError, match=f'know {N} samples, the training set has'):
        train(cfg)
    cfg = state_cfg(tmp_path / 'labels', 'elr', resume=True, load_from=str(tmp_path / 'elr/epoch_1.pth'))
    cfg.train_dataloader.dataset.noise.exact = False
    with pytest.raises(ValueError, match=f'other labels|know {N} samples'):
        train(cfg)
    # Fine-tuning on other data leaves the targets behind; so does testing.
    cfg.resume = False
    train(cfg)
    cfg = digits_cfg(tmp_path / 'test', 'elr/elr_cnn3_60e_digits-sym40.py', load_from=str(tmp_path / 'elr/epoch_1.pth'))
    build_runner(cfg).test()


@pytest.mark.parametrize('method', ['elr', 'sop'])
def test_refuses_joined_sets_in_which_two_images_would_share_a_target(tmp_path, method):
    cfg = state_cfg(tmp_path, method)
    inner = cfg.train_dataloader.dataset.to_dict()
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=[inner, dict(inner, seed=1)])
    cfg.default_hooks.pop('summary', None)
    with pytest.raises(ValueError, match='keeps something for each sample, but in the training set, a ConcatDataset'):
        train(cfg)


@pytest.mark.parametrize('hook, message', [
    ('LossStateHook', 'no loss that keeps something per sample'),
    ('LabelDistributionHook', 'no loss that learns a label distribution'),
])  # fmt: skip
def test_refuses_a_model_without_such_a_loss(tmp_path, hook, message):
    with pytest.raises(ValueError, match=message):
        train(train_only(digits_cfg(tmp_path, custom_hooks=[dict(type=f'mmnoisy.{hook}')])))


@pytest.mark.parametrize('loss, text', [
    (dict(type='mmnoisy.ELRLoss', num_classes=1000), 'targets (9000, 1000) float32: 36.00 MB in memory and'),
    (dict(type='mmnoisy.PENCILLoss', num_classes=1000, dtype='float16'), 'targets (9000, 1000) float16: 18.00 MB'),
    (
        dict(type='mmnoisy.ELRLoss', num_classes=1000, dtype='float16', top_k=10),
        'targets (9000, 10) float16 and classes (9000, 10) int32: 0.54 MB in memory',
    ),
    (dict(type='mmnoisy.SOPLoss', num_classes=9, num_samples=9000), '0.36 MB in memory and in each checkpoint, grad'),
])  # fmt: skip
def test_says_how_large_the_state_is(loss, text):
    loss = MODELS.build(loss)
    loss.set_num_samples(9000)
    assert text in storage(loss)


@pytest.mark.parametrize('method', ['pencil', 'elr_plus'])
def test_labels_are_judged_in_samples_csv(tmp_path, method, monkeypatch):
    monkeypatch.setattr('mmnoisy.engine.hooks.label_distribution_hook._CHUNK', 100)  # more parts than one
    cfg = state_cfg(tmp_path, method)
    if method == 'pencil':
        cfg.model.head.loss.label_lr = 200
    runner = train(cfg)
    hook = next(hook for hook in runner.hooks if isinstance(hook, LabelDistributionHook))
    dataset = runner.train_dataloader.dataset
    given, state = np.asarray(dataset.get_gt_labels()), state_of(weights(runner), 'targets')
    if method == 'pencil':
        y_tilde = np.exp(10 * np.eye(10)[given] + state[0].double().numpy())
        known = y_tilde / y_tilde.sum(1, keepdims=True)
    else:
        known = sum(t.double().numpy() / t.double().numpy().sum(1, keepdims=True) for t in state) / 2
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = {int(row['source_idx']): row for row in csv.DictReader(file)}
    assert len(rows) == N
    for source, label, p in zip(dataset.source_idx, given, known):
        row = rows[source]
        assert int(row['suggested_label']) == p.argmax() and int(row['given_label']) == label
        assert float(row['score']) == pytest.approx(p[label], rel=1e-4, abs=1e-6)
        assert int(row['is_issue']) == (p.argmax() != label)
    assert hook.issues().any()


def test_what_no_one_knows_is_not_judged(tmp_path):
    runner = build_runner(state_cfg(tmp_path, 'elr_plus'))
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.call_hook('before_run')
    hook = next(hook for hook in runner.hooks if isinstance(hook, LabelDistributionHook))
    hook.before_train(runner)
    assert hook.score().isnan().all()


def test_what_is_learnt_by_sample_keeps_its_learning_rate(tmp_path):
    seen = []

    class Rates(Hook):
        priority = 'LOWEST'

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            loss = runner.model.head.loss_module
            rates = {id(p): group['lr'] for group in runner.optim_wrapper.param_groups for p in group['params']}
            seen.append((rates[id(loss.u)], rates[id(loss.v)], rates[id(runner.model.head.fc.weight)]))

    runner = build_runner(state_cfg(tmp_path, 'sop', epochs=3))
    runner.register_hook(Rates())
    runner.train()
    u, v, network = zip(*seen)
    assert set(u) == {1.0} and set(v) == {10.0}
    assert network[0] == 0.01 > network[-1]


def test_what_is_learnt_by_sample_needs_a_group_of_its_own(tmp_path):
    cfg = state_cfg(tmp_path, 'sop', epochs=1)
    del cfg.optim_wrapper['paramwise_cfg']
    with pytest.raises(ValueError, match="paramwise_cfg=dict.custom_keys={'loss_module.u'"):
        train(cfg)
