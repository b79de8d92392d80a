"""The test predictions that a run leaves behind are those of its evaluated weights."""

import numpy as np
import pytest
import torch

from mmnoisy.engine.model_parts import evaluated_model
from tests.helpers import ddp, digits_cfg, run_two_ranks, train

FILE = 'test_predictions.npz'


def config(work_dir, **overrides):
    cfg = digits_cfg(work_dir, epochs=1, default_hooks__summary__train_interval=0, **overrides)
    cfg.default_hooks.predictions = dict(type='mmnoisy.PredictionsHook')
    return cfg


def expected(runner):
    """Probabilities and labels of the test set, image by image."""
    model = evaluated_model(runner).eval()
    scores, labels = [], []
    for sample in runner.test_dataloader.dataset:
        data = model.data_preprocessor(dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']]), False)
        with torch.no_grad():
            scores.append(model(data['inputs'], data['data_samples'], mode='tensor').softmax(1)[0].numpy())
        labels.append(int(sample['data_samples'].gt_label))
    return np.stack(scores), np.array(labels)


@pytest.mark.parametrize('averaged', [False, True])
def test_it_writes_the_predictions_of_the_evaluated_weights(averaged, tmp_path):
    cfg = config(tmp_path)
    if averaged:
        cfg.custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.1)]
    runner = train(cfg)
    scores, labels = expected(runner)
    with np.load(tmp_path / FILE, allow_pickle=False) as found:
        np.testing.assert_allclose(found['pred_score'], scores, atol=1e-3)
        assert (found['pred_label'] == scores.argmax(1)).mean() > 0.99 and (found['label'] == labels).all()
        summary = next(hook for hook in runner.hooks if type(hook).__name__ == 'SummaryHook').history[-1]
        right = (found['pred_label'] == found['label']).mean()
        assert summary['test_accuracy'] == pytest.approx(100 * right)


def test_nothing_is_written_without_test_data(tmp_path):
    cfg = config(tmp_path)
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    train(cfg)
    assert not (tmp_path / FILE).exists()


def test_a_resumed_run_writes_the_same(tmp_path):
    whole = config(tmp_path / 'whole', train_cfg__max_epochs=2)
    train(whole)
    train(config(tmp_path / 'part'))
    train(config(tmp_path / 'part', train_cfg__max_epochs=2, resume=True))
    with np.load(tmp_path / 'whole' / FILE) as one, np.load(tmp_path / 'part' / FILE) as other:
        assert all(np.array_equal(one[name], other[name]) for name in ('pred_score', 'pred_label', 'label'))


def on_a_rank(cfg):
    runner = train(ddp(cfg))
    model = evaluated_model(runner)
    return {name: value.clone() for name, value in getattr(model, 'module', model).state_dict().items()}


@pytest.mark.ddp
def test_two_ranks_write_each_sample_once(tmp_path):
    state, _ = run_two_ranks(on_a_rank, config(tmp_path))
    runner = train(config(tmp_path / 'one', optim_wrapper__optimizer__lr=0.0))
    runner.model.load_state_dict(state)
    scores, labels = expected(runner)
    with np.load(tmp_path / FILE) as found:
        assert (found['label'] == labels).all()
        np.testing.assert_allclose(found['pred_score'], scores, atol=1e-3)
