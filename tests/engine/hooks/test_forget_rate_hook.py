import json

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine.hooks.forget_rate_hook import ForgetRateHook
from mmnoisy.functional.mixtures import mixture_rate
from mmnoisy.stamps import read_selection
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

AUTO = 'coteaching/coteaching-auto_cnn3_60e_digits-sym40.py'


def test_mixture():
    rng = np.random.default_rng(0)
    losses = np.concatenate([rng.normal(0.5, 0.1, 700), rng.normal(4, 0.5, 300)])
    assert mixture_rate(losses) == pytest.approx(0.3, abs=0.01)
    assert mixture_rate(np.ones(10)) == 0


def test_refuses(tmp_path):
    with pytest.raises(ValueError, match='method must be one of'):
        ForgetRateHook(method='oracle')
    with pytest.raises(ValueError, match='begin must be at least 1'):
        ForgetRateHook(begin=0)
    with pytest.raises(ValueError, match="needs a model with forget_rate='auto'"):
        build_runner(auto_cfg(tmp_path, model__forget_rate=0.4)).train()


def auto_cfg(work_dir, epochs=4, begin=2, batch_size=128, **options):
    hooks = [dict(type='mmnoisy.SelectionRecordHook'), dict(type='mmnoisy.ForgetRateHook', begin=begin)]
    cfg = digits_cfg(work_dir, AUTO, epochs, custom_hooks=hooks, **options)
    cfg.train_dataloader.batch_size = batch_size
    cfg.model.network.backbone.channels = (8, 16, 16)
    cfg.model.network.head.in_channels = 16
    cfg.optim_wrapper.optimizer.lr = 0.1
    return cfg


def test_estimate_and_resume(tmp_path):
    """2 + 2 epochs are 4 epochs to the bit; the rate is estimated before, at and after the point of the resume."""
    whole = train(auto_cfg(tmp_path / 'whole'))
    summary = json.loads((tmp_path / 'whole' / 'summary.json').read_text())
    estimate = whole.model.forget_rate.estimate.item()
    assert summary['noise']['estimated_rate'] == pytest.approx(estimate)
    assert estimate == pytest.approx(summary['noise']['realised_rate'], abs=0.15)
    assert 0 < summary['detection']['label_precision'] < 1
    for stop in (2, 3):
        cfg = auto_cfg(tmp_path / f'from{stop}', resume=True, load_from=str(tmp_path / 'whole' / f'epoch_{stop}.pth'))
        resumed = train(cfg)
        for name, value in whole.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[name], value), name
        again = json.loads((tmp_path / f'from{stop}' / 'summary.json').read_text())
        assert again['noise'] == summary['noise'] and again['detection'] == summary['detection']


def _rank(cfg):
    runner = build_runner(ddp(cfg))
    last = {}

    class Last(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            last['selection'] = read_selection(data_batch['data_samples'])

    runner.register_hook(Last())
    runner.train()
    model = runner.model.module
    weights = torch.cat([p.detach().flatten() for p in model.parameters()])
    record = next(hook for hook in runner.hooks if type(hook).__name__ == 'SelectionRecordHook').record['selected']
    return weights, model.forget_rate.estimate, record, last['selection']


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    first, second = run_two_ranks(_rank, auto_cfg(tmp_path, epochs=2, begin=1, batch_size=64))
    for one, other in zip(first[:3], second[:3]):
        assert torch.equal(one, other)
    assert first[1] > 0.1
    # Each rank selects in its own batch.
    assert not torch.equal(first[3], second[3])
