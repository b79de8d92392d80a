import csv

import pytest

from tests.helpers import build_runner, digits_cfg, train

HOOKS = [dict(type='mmnoisy.SelectionRecordHook')]


def test_records_the_selection(tmp_path):
    cfg = digits_cfg(tmp_path, 'coteaching/coteaching_cnn3_60e_digits-sym40.py', epochs=1, custom_hooks=HOOKS)
    cfg.model.forget_rate = dict(rate=0.5, num_gradual=1)
    cfg.model.network.backbone.channels, cfg.model.network.head.in_channels = (4, 8, 8), 8
    runner = train(cfg)
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'SelectionRecordHook')
    share = hook.record['selected']
    full, rest = divmod(len(share), 64)
    assert share.sum().item() == full * 32 + rest // 2
    assert hook.issues().sum() == (share == 0).sum()
    rows = list(csv.DictReader((tmp_path / 'samples.csv').open()))
    assert len(rows) == len(share)


def test_refuses_a_model_that_selects_nothing(tmp_path):
    with pytest.raises(ValueError, match='selects no samples'):
        build_runner(digits_cfg(tmp_path, custom_hooks=HOOKS)).train()
