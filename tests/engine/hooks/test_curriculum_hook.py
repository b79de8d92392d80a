import csv
from types import SimpleNamespace

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy.engine import CurriculumHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.restart import restart_training
from mmnoisy.evaluation.group_purity_hook import group_purity
from tests.helpers import ddp, digits_cfg, run_two_ranks, train


def curriculum_cfg(work_dir, stages=(1, 2, 3), epochs=4, hook=(), **overrides):
    hooks = [dict(type='mmnoisy.CurriculumHook', stages=stages, **dict(hook)), dict(type='mmnoisy.GroupPurityHook')]
    cfg = digits_cfg(work_dir, epochs=epochs, custom_hooks=hooks, train_dataloader__batch_size=128, **overrides)
    cfg.default_hooks.summary.interval = cfg.default_hooks.summary.train_interval = 100
    return cfg


def curriculum(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, CurriculumHook))


def _record_of_rank(cfg):
    return curriculum(train(ddp(cfg))).record


def _weights_after_restart(cfg):
    runner = train(ddp(cfg))
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


def stamped(hook, epoch, sample_idx, weights=None):
    samples = [DataSample(metainfo=dict(sample_idx=i)) for i in sample_idx]
    for sample, weight in zip(samples, weights or []):
        sample.sample_weight = weight
    hook.before_train_iter(SimpleNamespace(epoch=epoch), 0, dict(data_samples=samples))
    return [sample.get('sample_weight') for sample in samples]


def test_weights_of_each_stage():
    hook = CurriculumHook(stages=(2, 4, 6))
    hook.record = dict(group=torch.tensor([0, 1, 2, 0, 1]))
    assert stamped(hook, 1, [0, 1, 2, 3]) == [None] * 4
    # The mean over the batch is the mean over those that take part: 2 of 4, then 3 of 4, then all.
    assert stamped(hook, 2, [0, 1, 2, 3]) == [2, 0, 0, 2]
    assert stamped(hook, 3, [1, 2, 4]) == [0, 0, 0]
    assert stamped(hook, 4, [3, 2, 1, 0]) == pytest.approx([4 / 3, 0, 2 / 3, 4 / 3])
    assert stamped(hook, 9, [0, 1, 2, 3]) == [1, 0.5, 0.5, 1]
    assert stamped(hook, 9, [0, 1], weights=[0.2, 3.0]) == pytest.approx([0.2, 1.5])


def test_groups_and_samples_csv(tmp_path):
    runner = train(curriculum_cfg(tmp_path, log_level='INFO'))
    hook = curriculum(runner)
    density, group = hook.record['density'], hook.record['group']
    labels = torch.as_tensor(runner.train_dataloader.dataset.gt_labels)
    for label in range(10):
        easy, semi, hard = (density[(labels == label) & (group == k)] for k in range(3))
        assert easy.min() > semi.max() and semi.min() > hard.max()
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [float(row['score']) for row in rows] == pytest.approx(density.tolist(), rel=1e-6)
    assert [int(row['is_issue']) for row in rows] == (group == 2).int().tolist()
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'right labels in the groups' in log and 'stage 3 of 3' in log


def test_resumed_run_equals_the_unbroken_one(tmp_path):
    hook = dict(restart=True)
    whole = train(curriculum_cfg(tmp_path / 'whole', hook=hook))
    # Once just before the groups are found and once after.
    for epoch in (1, 2):
        cfg = curriculum_cfg(tmp_path / f'{epoch}', hook=hook, resume=True)
        cfg.load_from = str(tmp_path / 'whole' / f'epoch_{epoch}.pth')
        resumed = train(cfg)
        for name, column in curriculum(whole).record.items():
            assert torch.equal(column, curriculum(resumed).record[name])
        for name, value in whole.model.state_dict().items():
            assert torch.equal(value, resumed.model.state_dict()[name]), name


@pytest.mark.ddp
def test_two_ranks_find_the_groups_of_one(tmp_path):
    one = curriculum(
        train(curriculum_cfg(tmp_path / 'one', stages=(0, 1), epochs=2, hook=dict(weights=(1, 0.5))))
    ).record
    cfg = curriculum_cfg(tmp_path / 'two', stages=(0, 1), epochs=2, hook=dict(weights=(1, 0.5)))
    first, second = run_two_ranks(_record_of_rank, cfg)
    for name in one:
        assert torch.equal(first[name], second[name])
    # Before any training both have the same network.
    assert torch.equal(first['group'], one['group'])
    torch.testing.assert_close(first['density'], one['density'], atol=2e-2, rtol=0, equal_nan=True)


@pytest.mark.ddp
def test_restart_gives_both_ranks_the_same_initial_weights(tmp_path):
    cfg = curriculum_cfg(tmp_path, epochs=2, stages=(0, 1), hook=dict(weights=(1, 0.5), restart=True))
    cfg.optim_wrapper.optimizer.update(lr=0.0, weight_decay=0.0)
    first, second = run_two_ranks(_weights_after_restart, cfg)
    torch.manual_seed(0)
    fresh = MODELS.build(cfg.model)
    fresh.init_weights()
    for name, parameter in fresh.named_parameters():
        assert torch.equal(first[name], second[name]) and torch.equal(first[name], parameter.data), name


def test_restart_forgets_the_momentum(tmp_path):
    runner = train(digits_cfg(tmp_path, epochs=1))
    assert runner.optim_wrapper.optimizer.state
    restart_training(runner)
    assert not runner.optim_wrapper.optimizer.state


def test_small_classes_are_named(tmp_path, capsys):
    cfg = curriculum_cfg(tmp_path, epochs=4)
    cfg.train_dataloader.dataset.update(holdout=0.0, source=dict(type='mmnoisy.Digits', split='train', indices=40))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    runner = train(cfg)
    hook = curriculum(runner)
    labels = torch.as_tensor(runner.train_dataloader.dataset.gt_labels)
    small = [label for label in range(10) if 0 < (labels == label).sum() < 3]
    text = capsys.readouterr()
    assert 'all of them count as easy' in text.out + text.err
    for label in small:
        assert (hook.record['group'][labels == label] == 0).all()


def test_purity_of_groups():
    found = group_purity(torch.tensor([0, 0, 2, 0]), torch.tensor([True, False, False, True]), 3)
    assert found[0] == (3, pytest.approx(2 / 3)) and found[2] == (1, 0.0)
    assert found[1][0] == 0 and found[1][1] != found[1][1]


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(stages=(3,), weights=(1,)), 'stages'),
        (dict(stages=(3, 3, 4)), 'stages'),
        (dict(stages=(1, 2)), 'weights must be 2'),
        (dict(stages=(1, 2, 3), weights=(1, 0, 1)), 'weights'),
        (dict(stages=(1, 2, 3), fraction=1), 'fraction'),
        (dict(stages=(1, 2, 3), measure='mass'), 'measure'),
        (dict(stages=(1, 2, 3), clustering='DBSCAN'), 'clustering'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        CurriculumHook(**options)


@pytest.mark.parametrize(
    'overrides, message',
    [
        (dict(epochs=3), r'stages\[-1\]=3, but training ends after 3'),
        (dict(model__type='ImageClassifier'), 'SampleAwareClassifier'),
    ],
)
def test_bad_runs(tmp_path, overrides, message):
    with pytest.raises(ValueError, match=message):
        train(curriculum_cfg(tmp_path, **overrides))
