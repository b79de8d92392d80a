import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmpretrain.registry import DATASETS, MODELS

from mmnoisy.evaluation import epoch_clock
from tests.helpers import build_runner, digits_cfg, train

FIELDS = {
    'config',
    'seed',
    'epochs',
    'test_accuracy_last',
    'test_accuracy_at_best_val',
    'val_accuracy_best',
    'test_accuracy_oracle_best',
    'noise',
    'detection',
    'train_seconds',
    'images_per_second',
}


def predict(cfg, checkpoint, dataset):
    """Predicted classes (N,) of a checkpoint in plain torch: no runner, no loader, no preprocessor."""
    model = MODELS.build(cfg.model)
    model.load_state_dict(torch.load(checkpoint, weights_only=True)['state_dict'])
    model.eval()
    images = np.stack([dataset.get_data_info(i)['img'] for i in range(len(dataset))])
    inputs = (torch.from_numpy(images).float().unsqueeze(1) - 73.3) / 90.3
    with torch.no_grad():
        return model(inputs, mode='tensor').argmax(1).numpy()


def labels(dataset, key='gt_label'):
    return np.array([dataset.get_data_info(i)[key] for i in range(len(dataset))])


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    cfg = digits_cfg(
        tmp_path_factory.mktemp('run'),
        epochs=4,
        optim_wrapper__optimizer__lr=0.05,
        default_hooks__summary=dict(interval=1, train_interval=1),
    )
    train(cfg)
    return cfg


def read(cfg):
    with open(f'{cfg.work_dir}/history.csv', newline='') as file:
        history = [
            {key: value if key == 'memorised_by' else float(value) for key, value in row.items() if value}
            for row in csv.DictReader(file)
        ]
    with open(f'{cfg.work_dir}/summary.json') as file:
        return json.load(file), history


@pytest.mark.smoke
def test_fields(run):
    summary, history = read(run)
    assert FIELDS <= summary.keys()
    assert summary['config'] == 'ce_cnn3_60e_digits-sym40.py'
    assert (summary['seed'], summary['epochs'], summary['detection']) == (0, 4, None)
    assert [row['epoch'] for row in history] == [1, 2, 3, 4]
    train_set = DATASETS.build(run.train_dataloader.dataset)
    rate = (labels(train_set) != labels(train_set, 'clean_label')).mean()
    assert summary['noise'] == dict(
        kind='symmetric', requested_rate=0.4, realised_rate=pytest.approx(rate), num_samples=1292, num_classes=10
    )
    assert summary['images_per_second'] * summary['train_seconds'] == pytest.approx(4 * 1292)


@pytest.mark.smoke
def test_accuracies_equal_a_recomputation(run):
    summary, history = read(run)
    parts = {part: DATASETS.build(run[f'{part}_dataloader'].dataset) for part in ('train', 'val', 'test')}
    given, clean = labels(parts['train']), labels(parts['train'], 'clean_label')
    wrong = given != clean
    for row in history:
        checkpoint = f'{run.work_dir}/epoch_{row["epoch"]:.0f}.pth'
        test, val, seen = (predict(run, checkpoint, parts[part]) for part in ('test', 'val', 'train'))
        assert row['test_accuracy'] == pytest.approx(100 * (test == labels(parts['test'])).mean())
        assert row['val_accuracy'] == pytest.approx(100 * (val == labels(parts['val'])).mean(), rel=1e-6)
        assert row['train_accuracy'] == pytest.approx(100 * (seen == given).mean())
        assert row['train_accuracy_correctly_labelled'] == pytest.approx(100 * (seen == given)[~wrong].mean())
        assert row['train_memorised'] == pytest.approx(100 * (seen == given)[wrong].mean())
        assert row['train_corrected'] == pytest.approx(100 * (seen == clean)[wrong].mean())
    test, val = ([row[f'{part}_accuracy'] for row in history] for part in ('test', 'val'))
    assert summary['test_accuracy_last'] == test[-1]
    assert summary['test_accuracy_oracle_best'] == max(test)
    assert summary['val_accuracy_best'] == max(val)
    assert summary['test_accuracy_at_best_val'] == test[val.index(max(val))]


def test_validating_on_the_test_set_selects_nothing(tmp_path):
    cfg = digits_cfg(tmp_path, epochs=1)
    cfg.val_dataloader = cfg.test_dataloader
    train(cfg)
    summary, _ = read(cfg)
    assert summary['test_accuracy_at_best_val'] is None
    assert summary['val_accuracy_best'] is None
    (log,) = tmp_path.glob('*/*.log')
    assert 'val_dataloader reads the test set' in log.read_text()


def test_intervals_and_a_run_without_known_labels_or_validation(tmp_path):
    cfg = digits_cfg(tmp_path, epochs=3, default_hooks__summary__interval=2)
    cfg.train_dataloader.dataset.noise = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    train(cfg)
    summary, history = read(cfg)
    assert [sorted(row) for row in history] == [['epoch'], ['epoch', 'test_accuracy'], ['epoch', 'test_accuracy']]
    assert summary['test_accuracy_last'] == history[-1]['test_accuracy']
    assert (summary['test_accuracy_at_best_val'], summary['val_accuracy_best']) == (None, None)
    assert summary['noise'] == dict(
        kind=None, requested_rate=None, realised_rate=None, num_samples=1292, num_classes=10
    )


def by_iteration(folder, count, **overrides):
    cfg = digits_cfg(folder, **overrides)
    cfg.train_cfg = dict(by_epoch=False, max_iters=count, val_interval=15)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=15)
    cfg.param_scheduler = None
    return cfg


def test_iteration_based_loops(tmp_path):
    cfg = by_iteration(tmp_path / 'straight', 30)
    train(cfg)
    summary, history = read(cfg)
    # 21 batches an epoch.
    assert [(row['epoch'], row['iter']) for row in history] == [(1, 15), (2, 30)]
    assert (summary['epochs'], summary['iterations']) == (2, 30)
    best = max(history, key=lambda row: row['val_accuracy'])
    assert summary['val_accuracy_best'] == best['val_accuracy'] > 0
    assert summary['test_accuracy_at_best_val'] == best['test_accuracy']
    assert summary['test_accuracy_last'] == history[-1]['test_accuracy']
    # The checkpoint was written before the validation, which the resumed run repeats.
    resumed = by_iteration(tmp_path / 'resumed', 30, resume=True, load_from=str(tmp_path / 'straight/iter_15.pth'))
    train(resumed)
    assert [row['iter'] for row in read(resumed)[1]] == [15, 30]


def test_another_class_order_of_the_test_set_is_refused(tmp_path):
    names = tuple('9876543210')
    with pytest.raises(ValueError, match='test set has the classes'):
        train(digits_cfg(tmp_path, epochs=1, test_dataloader__dataset__metainfo=dict(classes=names)))


class Spend(Hook):
    """Lets a clock go on where time is spent."""

    priority = 'VERY_HIGH'
    now = 0.0

    def spend(self, seconds):
        self.now += seconds

    def before_train_epoch(self, runner):
        self.spend(100)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.spend(1)

    def before_val(self, runner):
        self.spend(1e4)

    def before_save_checkpoint(self, runner, checkpoint):
        self.spend(1e6)


def test_training_seconds_hold_the_sweeps_of_hooks_but_no_validation_and_no_checkpoints(tmp_path, monkeypatch):
    spend = Spend()
    monkeypatch.setattr(epoch_clock, 'time', SimpleNamespace(perf_counter=lambda: spend.now))

    def run(name, **overrides):
        cfg = digits_cfg(tmp_path / name, epochs=3, train_cfg__val_interval=2, **overrides)
        runner = build_runner(cfg)
        runner.register_hook(spend)
        runner.train()
        return read(cfg)[0]['train_seconds'], len(runner.train_dataloader)

    seconds, batches = run('whole')
    assert seconds == 3 * (100 + batches)
    # Epoch 2 was saved before it was validated: the resumed run does it.
    assert run('resumed', resume=True, load_from=str(tmp_path / 'whole' / 'epoch_2.pth'))[0] == seconds
