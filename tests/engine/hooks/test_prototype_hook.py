import csv
from types import SimpleNamespace

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy.engine import PrototypeHook
from mmnoisy.engine.measures import image_features
from mmnoisy.engine.sweep import sweep, sweep_loader
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

GCE = dict(type='mmnoisy.ExpectedLoss', loss=dict(type='mmnoisy.GCELoss', q=0.7))


AUTO = dict(rank='auto', dense_share='auto')


def smp_cfg(work_dir, epochs=3, warmup_epochs=1, hook=(), **overrides):
    hooks = [
        dict(type='mmnoisy.PrototypeHook', warmup_epochs=warmup_epochs, subset=50, **dict(hook)),
        dict(type='mmnoisy.GroupPurityHook'),
    ]
    overrides.setdefault('train_dataloader__batch_size', 128)
    cfg = digits_cfg(work_dir, epochs=epochs, custom_hooks=hooks, **overrides)
    cfg.default_hooks.summary.interval = cfg.default_hooks.summary.train_interval = 100
    return cfg


def smp(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, PrototypeHook))


def _record_of_rank(cfg):
    runner = train(ddp(cfg))
    return smp(runner).record, {name: value.data for name, value in runner.model.module.named_parameters()}


def _features_of_rank(cfg, rows):
    runner = build_runner(ddp(cfg))
    return sweep(runner.model, sweep_loader(runner, rows=rows), image_features, rows=rows)['features']


def stamped(hook, epoch, sample_idx):
    samples = [DataSample(metainfo=dict(sample_idx=i)) for i in sample_idx]
    hook.before_train_iter(SimpleNamespace(epoch=epoch), 0, dict(data_samples=samples))
    return samples


def test_the_stamped_target_gives_the_loss_of_both_labels():
    hook = PrototypeHook(warmup_epochs=2, alpha=0.3)
    given, corrected = torch.tensor([0, 1, 2, 1]), torch.tensor([0, 2, 1, 1])
    hook.labels, hook.num_classes, hook.record = given, 3, dict(corrected=corrected)
    assert all('gt_score' not in sample for sample in stamped(hook, 1, [0, 1]))
    index = torch.tensor([1, 3, 2, 0])
    target = torch.stack([sample.gt_score for sample in stamped(hook, 2, index.tolist())]).double()
    logits = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for loss in (dict(type='mmnoisy.GCELoss', q=0.7), dict(type='mmpretrain.CrossEntropyLoss')):
        plain = MODELS.build(loss)
        both = [plain(logits, labels[index], reduction_override='none') for labels in (given, corrected)]
        found = MODELS.build(dict(type='mmnoisy.ExpectedLoss', loss=loss))(logits, target, reduction_override='none')
        torch.testing.assert_close(found, 0.7 * both[0] + 0.3 * both[1], rtol=1e-6, atol=1e-6)
    # Cross entropy needs no wrapper, GCE does.
    torch.testing.assert_close(plain(logits, target, reduction_override='none'), found)
    alone = MODELS.build(dict(type='mmnoisy.GCELoss', q=0.7))(logits, target, reduction_override='none')
    assert (alone - MODELS.build(GCE)(logits, target, reduction_override='none')).abs().max() > 1e-2


def test_corrected_labels_and_samples_csv(tmp_path):
    options = dict(channels=(8, 16, 32), train_dataloader__batch_size=32, log_level='INFO')
    runner = train(smp_cfg(tmp_path, epochs=4, warmup_epochs=3, optim_wrapper__optimizer__lr=0.05, **options))
    hook = smp(runner)
    dataset = runner.train_dataloader.dataset
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [int(row['suggested_label']) for row in rows] == hook.record['corrected'].tolist()
    assert [float(row['score']) for row in rows] == pytest.approx(hook.score().tolist(), rel=1e-6)
    for row in rows:
        is_issue = row['suggested_label'] != row['given_label']
        assert int(row['is_issue']) == is_issue and is_issue == (float(row['score']) < 0.5)
    # After three epochs the features tell more than the labels, of which 40 % are wrong.
    right = (hook.record['corrected'].numpy() == dataset.clean_labels).mean()
    assert right > 0.75
    history = [row for row in runner._hooks if type(row).__name__ == 'SummaryHook'][0].history
    assert history[-1]['detection_suggested_accuracy'] == pytest.approx(right)
    assert 'detection_suggested_accuracy' not in history[0]
    prototypes = hook.record['group'] == 0
    sizes = torch.bincount(torch.as_tensor(dataset.gt_labels)[prototypes], minlength=10)
    assert (sizes >= 1).all() and (sizes <= 8).all()
    assert 'prototypes suggest another label for' in next(tmp_path.glob('*/*.log')).read_text()


@pytest.mark.parametrize(
    'overrides',
    [
        dict(model__head__loss=dict(_delete_=True, **GCE)),
        dict(model__train_cfg=dict(augments=dict(type='Mixup', alpha=0.5)), model__type='ImageClassifier'),
    ],
    ids=['gce', 'mixup'],
)
def test_other_losses_and_mixup_train(tmp_path, overrides):
    runner = train(smp_cfg(tmp_path, epochs=2, **overrides))
    assert torch.isfinite(runner.model.head.fc.weight).all() and (tmp_path / 'samples.csv').is_file()


def test_resumed_run_equals_the_unbroken_one(tmp_path):
    whole = train(smp_cfg(tmp_path / 'whole', hook=AUTO))
    assert set(smp(whole).scalars) == {'rank', 'dense_share', 'noise_rate'}
    # Once just before the first correction and once after.
    for epoch in (1, 2):
        cfg = smp_cfg(
            tmp_path / f'{epoch}', hook=AUTO, resume=True, load_from=str(tmp_path / f'whole/epoch_{epoch}.pth')
        )
        resumed = train(cfg)
        assert smp(resumed).scalars == smp(whole).scalars
        for name, column in smp(whole).record.items():
            assert torch.equal(column, smp(resumed).record[name]), name
        for name, value in whole.model.state_dict().items():
            assert torch.equal(value, resumed.model.state_dict()[name]), name
        first, second = ((tmp_path / name / 'samples.csv').read_text() for name in ('whole', str(epoch)))
        assert first == second


@pytest.mark.ddp
def test_two_ranks_correct_as_one(tmp_path):
    # Before any training all have the same network.
    one = smp(train(smp_cfg(tmp_path / 'one', epochs=1, warmup_epochs=0, hook=AUTO))).record
    (first, weights), (second, others) = run_two_ranks(
        _record_of_rank, smp_cfg(tmp_path / 'two', epochs=1, warmup_epochs=0, hook=AUTO)
    )
    for name in one:
        assert torch.equal(first[name], second[name])
    for name in weights:
        assert torch.equal(weights[name], others[name])
    assert torch.equal(first['group'], one['group'])
    assert torch.equal(first['corrected'], one['corrected'])
    torch.testing.assert_close(first['margin'], one['margin'], atol=1e-5, rtol=0)


@pytest.mark.ddp
def test_a_sweep_over_some_rows(tmp_path):
    rows = torch.tensor([2, 3, 100, 101, 102, 1000, 1291])
    runner = build_runner(smp_cfg(tmp_path / 'one'))
    everything = sweep(runner.model, sweep_loader(runner), image_features)['features']
    some = sweep(runner.model, sweep_loader(runner, rows=rows), image_features, rows=rows)['features']
    torch.testing.assert_close(some, everything[rows])
    # One row is fewer than ranks.
    for part in (rows, rows[:1]):
        first, second = run_two_ranks(_features_of_rank, smp_cfg(tmp_path / 'two'), part)
        assert torch.equal(first, second)
        assert len(first) == len(part)


def test_a_warning_where_more_is_corrected_than_is_wrong(tmp_path, capsys):
    # Labels that are all right, and features of a network that has learnt nothing: what is corrected was right.
    cfg = smp_cfg(tmp_path, epochs=2, warmup_epochs=0, hook=AUTO, optim_wrapper__optimizer__lr=1e-9)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.noise = dict(kind='symmetric', rate=0.0)
    hook = smp(train(cfg))
    assert (hook.record['corrected'] != hook.labels).double().mean() > hook.scalars['noise_rate'] + 0.03
    text = capsys.readouterr()
    # Once, not in each epoch.
    assert (text.out + text.err).count('right labels are changed too') == 1
    logger = SimpleNamespace(logger=SimpleNamespace(warning=lambda text: pytest.fail(text)))
    hook._warned, hook.scalars = False, dict(noise_rate=0.4)
    hook._warn_changed(logger, 0.42)


def test_small_and_absent_classes(tmp_path, capsys):
    cfg = smp_cfg(tmp_path, epochs=2, train_dataloader__dataset__holdout=0.0)
    cfg.train_dataloader.dataset.source = dict(type='mmnoisy.Digits', split='train', indices=8)
    cfg.train_dataloader.dataset.noise = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    runner = train(cfg)
    labels = torch.as_tensor(runner.train_dataloader.dataset.gt_labels)
    sizes = torch.bincount(labels, minlength=10)
    assert (sizes == 0).any() and (sizes == 1).any()
    text = capsys.readouterr()
    assert 'fewer samples than prototypes=8' in text.out + text.err
    corrected = smp(runner).record['corrected']
    assert (sizes[corrected] > 0).all()


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(warmup_epochs=-1), 'warmup_epochs'),
        (dict(alpha=1.1), 'alpha'),
        (dict(subset=0), 'subset and prototypes'),
        (dict(prototypes=0), 'subset and prototypes'),
        (dict(rank=1.0), 'rank'),
        (dict(max_similarity=1.5), 'max_similarity'),
        (dict(dense_share=0), 'dense_share'),
        (dict(rank='best'), "in \\[0, 1\\) or 'auto', not 'best'"),
        (dict(dense_share='best'), "in \\(0, 1\\] or 'auto', not 'best'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        PrototypeHook(**{**dict(warmup_epochs=1), **options})


def test_bad_runs(tmp_path):
    with pytest.raises(ValueError, match='training ends after 1 epochs'):
        train(smp_cfg(tmp_path, epochs=1))
    cfg = smp_cfg(tmp_path, model=dict(_delete_=True, type='mmnoisy.TwoNetworks', network=smp_cfg(tmp_path).model))
    with pytest.raises(ValueError, match='one network with extract_feat, not TwoNetworks'):
        train(cfg)
    with pytest.raises(ValueError, match='ELRLoss keeps something per sample'):
        MODELS.build(dict(type='mmnoisy.ExpectedLoss', loss=dict(type='mmnoisy.ELRLoss', num_classes=3)))
