"""The accuracy of every epoch on noisy validation, in one process, on two ranks and resumed."""

import json

import numpy as np
import pytest

from mmnoisy.engine.hooks.validation_record_hook import ValidationRecordHook, objective, read_curve
from tests.helpers import ddp, digits_cfg, run_two_ranks, train


def cfg_of(work_dir, epochs=3, **options):
    cfg = digits_cfg(work_dir, epochs=epochs, default_hooks__summary__train_interval=0)
    cfg.default_hooks.validation_record = dict(type='mmnoisy.ValidationRecordHook', **options)
    return cfg


def history(folder):
    import csv

    with open(folder / 'history.csv', newline='') as file:
        return {int(row['epoch']): float(row['val_accuracy']) for row in csv.DictReader(file)}


def test_the_curve_is_that_of_the_runners_own_validation(tmp_path):
    train(cfg_of(tmp_path))
    curve = read_curve(tmp_path)
    assert curve == pytest.approx(history(tmp_path), abs=1e-3) and list(curve) == [1, 2, 3]
    with np.load(tmp_path / 'val_predictions.npz') as found:
        accuracy = 100 * (found['pred_score'].argmax(1) == found['label']).mean()
        assert len(found['label']) == 145 and accuracy == pytest.approx(curve[int(found['epoch'])], abs=0.8)
    assert objective(curve, 1) == max(curve.values())


def test_classes_count_alike_where_that_is_asked_for(tmp_path):
    from sklearn.metrics import balanced_accuracy_score

    train(cfg_of(tmp_path, epochs=2, balanced=True, window=1))
    curve = read_curve(tmp_path)
    with np.load(tmp_path / 'val_predictions.npz') as found:
        balanced = 100 * balanced_accuracy_score(found['label'], found['pred_score'].argmax(1))
    assert balanced == pytest.approx(max(curve.values()), abs=0.8)
    assert curve != pytest.approx(history(tmp_path), abs=1e-3)


def test_a_stop_file_ends_the_run_after_its_epoch(tmp_path):
    (tmp_path / 'stop').touch()
    train(cfg_of(tmp_path / 'run', stop_file=str(tmp_path / 'stop')))
    assert list(read_curve(tmp_path / 'run')) == [1]


def test_a_resumed_run_goes_on_with_its_curve(tmp_path):
    train(cfg_of(tmp_path, epochs=2))
    with open(tmp_path / 'validation.jsonl', 'a') as file:
        file.write(json.dumps(dict(epoch=3, accuracy=99.0)) + '\n{"epoch": 4, "accu')
    cfg = cfg_of(tmp_path, epochs=4)
    cfg.resume = True
    before = read_curve(tmp_path)
    train(cfg)
    after = read_curve(tmp_path)
    assert list(after) == [1, 2, 3, 4] and after[3] != 99.0
    assert {epoch: after[epoch] for epoch in (1, 2)} == {epoch: before[epoch] for epoch in (1, 2)}
    assert len((tmp_path / 'validation.jsonl').read_text().splitlines()) == 4


def rank(folder):
    train(ddp(cfg_of(folder, epochs=2)))


@pytest.mark.ddp
def test_two_ranks_write_one_curve_of_all_samples(tmp_path):
    run_two_ranks(rank, tmp_path)
    assert read_curve(tmp_path) == pytest.approx(history(tmp_path), abs=1.5) and len(read_curve(tmp_path)) == 2
    with np.load(tmp_path / 'val_predictions.npz') as found:
        assert sorted(found['index']) == list(range(145))


def test_a_window_is_positive():
    with pytest.raises(ValueError, match='window must be at least 1'):
        ValidationRecordHook(window=0)
