import csv
import json

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmpretrain.registry import DATASETS

from mmnoisy.engine import shared_sweep as shared_sweep_module
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.evaluation import memorisation, summary_hook
from mmnoisy.evaluation.evaluation_cost import SHARE, Intervals, choose_intervals
from mmnoisy.registry import HOOKS
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train, train_still
from tests.test_resume import assert_same_run

from .test_summary_hook import labels, predict

DIVIDEMIX = 'dividemix/dividemix_cnn3_60e_digits-sym40.py'


def rows_of(cfg):
    with open(f'{cfg.work_dir}/history.csv', newline='') as file:
        return list(csv.DictReader(file))


def dividemix(work_dir, epochs=3, **overrides):
    cfg = digits_cfg(work_dir, DIVIDEMIX, epochs, channels=None, **overrides)
    cfg.merge_from_dict({
        'model.network.backbone.channels': (4, 8, 8),
        'model.network.head.in_channels': 8,
        'optim_wrapper.optimizer.lr': 0.02,
    })  # fmt: skip
    cfg.custom_hooks[0].update(warmup_epochs=1, plot_interval=0)
    return cfg


@HOOKS.register_module(force=True)
class PredictionsSpy(Hook):
    """What each batch is predicted as in training mode, of weights and statistics that do not change."""

    priority = 'VERY_LOW'

    def before_train(self, runner):
        self.found = torch.full((len(runner.train_dataloader.dataset),), -1)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        model = unwrap(runner.model)
        data = model.data_preprocessor(data_batch, True)
        with torch.no_grad():
            logits = model(data['inputs'], mode='tensor')
        self.found[[sample.sample_idx for sample in data['data_samples']]] = logits.argmax(1)


@pytest.mark.parametrize(
    'base',
    [
        'ce/ce_cnn3_60e_digits-sym40.py',
        'gce/gce_cnn3_60e_digits-sym40.py',
        'coteaching/coteaching_cnn3_60e_digits-sym40.py',
    ],
)
def test_the_training_passes_tell_what_was_memorised(tmp_path, base):
    cfg = digits_cfg(tmp_path, base, epochs=1, custom_hooks=[])
    cfg.custom_hooks = [dict(type='mmnoisy.PredictionsSpy')]
    runner = train_still(cfg)
    found = next(hook for hook in runner.hooks if isinstance(hook, PredictionsSpy)).found.numpy()
    dataset = runner.train_dataloader.dataset
    given, clean = labels(dataset), labels(dataset, 'clean_label')
    (row,) = rows_of(cfg)
    assert row['memorised_by'] == 'training'
    assert float(row['train_memorised']) == pytest.approx(100 * (found == given)[given != clean].mean())
    assert float(row['train_accuracy']) == pytest.approx(100 * (found == given).mean())
    assert 0 < float(row['train_memorised']) < 100


def test_the_sweep_of_a_division_tells_it_too(tmp_path, monkeypatch):
    sweeps = dict(shared=0, own=0)

    def counted(name, function):
        def count(*args, **kwargs):
            sweeps[name] += 1
            return function(*args, **kwargs)

        return count

    monkeypatch.setattr(shared_sweep_module, 'sweep', counted('shared', shared_sweep_module.sweep))
    monkeypatch.setattr(memorisation, 'sweep', counted('own', memorisation.sweep))
    cfg = dividemix(tmp_path, epochs=4)
    train(cfg)
    rows = rows_of(cfg)
    # The weights after epochs 1, 2 and 3 are those that the next epoch is divided with.
    assert [row['memorised_by'] for row in rows] == ['division', 'division', 'division', 'sweep']
    assert sweeps == dict(shared=3, own=1)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    given, clean = labels(dataset), labels(dataset, 'clean_label')
    for row in rows:
        seen = predict(cfg, f'{cfg.work_dir}/epoch_{row["epoch"]}.pth', dataset)
        assert float(row['train_memorised']) == pytest.approx(100 * (seen == given)[given != clean].mean())


@pytest.mark.parametrize('base', [DIVIDEMIX, 'ssr/ssr_cnn3_60e_digits-sym40.py', 'smp/smp_cnn3_60e_digits-sym40.py'])
def test_a_resumed_run_knows_it_for_the_epoch_that_was_saved_before_its_sweep(tmp_path, base):
    def config(name, **overrides):
        if base == DIVIDEMIX:
            return dividemix(tmp_path / name, **overrides)
        cfg = digits_cfg(tmp_path / name, base, 3, **overrides)
        cfg.custom_hooks[0].warmup_epochs = 1
        return cfg

    train(config('straight'))
    train(config('resumed', resume=True, load_from=str(tmp_path / 'straight/epoch_2.pth')))
    assert_same_run(tmp_path / 'straight', tmp_path / 'resumed', 3)
    rows = rows_of(config('resumed'))
    assert [row['memorised_by'] for row in rows][1:] == ['division', 'sweep']


@pytest.mark.parametrize('base', ['mixup/mixup_cnn3_60e_digits-sym40.py', 'ce/ce_cnn3_60e_digits-sym40.py'])
def test_averaged_weights_and_mixed_images_take_a_sweep(tmp_path, base):
    cfg = digits_cfg(tmp_path, base, epochs=2)
    if base.startswith('ce'):
        cfg.custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.1)]
    train(cfg)
    rows = rows_of(cfg)
    assert rows[0]['memorised_by'] == rows[-1]['memorised_by'] == 'sweep'


def _rows(cfg):
    cfg = ddp(cfg)
    runner = build_runner(cfg)
    runner.train()
    return next(hook for hook in runner.hooks if isinstance(hook, summary_hook.SummaryHook)).history


@pytest.mark.ddp
def test_two_ranks_know_the_same(tmp_path):
    for cfg in (dividemix(tmp_path / 'a', 2), digits_cfg(tmp_path / 'b', epochs=1)):
        first, second = run_two_ranks(_rows, cfg)
        assert first == second and all('train_memorised' in row for row in first)


def test_the_chosen_intervals_are_kept(tmp_path, monkeypatch):
    def run(name, chosen, **overrides):
        monkeypatch.setattr(summary_hook, 'choose_intervals', lambda *seconds: chosen)
        cfg = digits_cfg(
            tmp_path / name, epochs=6, default_hooks__summary=dict(interval='auto', train_interval='auto'), **overrides
        )
        cfg.model.train_cfg = dict(augments=dict(type='Mixup', alpha=0.2))
        train(cfg)
        return rows_of(cfg)

    rows = run('straight', Intervals(4, 3))
    accuracy = np.array([float(row['val_accuracy']) for row in rows])
    best = [i for i in range(6) if i == 0 or accuracy[i] > accuracy[:i].max()]
    assert [i for i, row in enumerate(rows) if row['test_accuracy']] == sorted({0, 3, 5, *best})
    assert [i for i, row in enumerate(rows) if row['train_memorised']] == [0, 2, 5]
    summary = json.loads((tmp_path / 'straight/summary.json').read_text())
    assert summary['test_accuracy_at_best_val'] == float(rows[int(accuracy.argmax())]['test_accuracy'])
    assert 0 < summary['evaluation_seconds'] < 60
    # A resumed run does not choose again.
    run('resumed', Intervals(1, 1), resume=True, load_from=str(tmp_path / 'straight/epoch_1.pth'))
    assert_same_run(tmp_path / 'straight', tmp_path / 'resumed', 6)


@pytest.mark.parametrize('train, validation, test, sweep', [(10, 0.2, 0.3, 0), (10, 0.3, 2.0, 3.3), (1, 0.02, 0.04, 1)])
def test_evaluation_takes_a_tenth_at_most(train, validation, test, sweep):
    chosen = choose_intervals(train, validation, test, sweep)
    assert validation + test / chosen.test + sweep / chosen.sweep <= SHARE * train + 1e-9
    if chosen.test > 1:
        assert validation + test / (chosen.test - 1) + sweep / chosen.sweep > SHARE * train


def test_what_is_cheap_is_measured_in_every_epoch():
    assert choose_intervals(10, 0.2, 0.3, 0) == Intervals(1, 1)


def test_validation_that_takes_it_all_leaves_a_little_for_the_test():
    assert choose_intervals(10, 5, 1, 0) == Intervals(5, 1)
