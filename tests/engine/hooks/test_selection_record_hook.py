import copy
import csv

import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.stamps import sample_indices
from tests.helpers import build_runner, digits_cfg, train

HOOKS = [dict(type='mmnoisy.SelectionRecordHook')]


class Spy(Hook):
    """Ranks each batch by the losses of copies of both networks, before they learn from it."""

    priority = 'HIGHEST'

    def before_train(self, runner):
        self.share = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = copy.deepcopy(runner.model).train()
        data = model.data_preprocessor(copy.deepcopy(data_batch), True)
        with torch.no_grad():
            losses = model.sample_losses(data['inputs'], data['data_samples'])
        rows = sample_indices(data_batch['data_samples']).tolist()
        self.share.update(dict.fromkeys(rows, 0.0))
        # Half of the batch is left out, and each network teaches the other.
        for loss in losses:
            for place in loss.sort(stable=True).indices[: max(1, len(rows) // 2)].tolist():
                self.share[rows[place]] += 0.5


def test_records_which_samples_are_selected(tmp_path):
    cfg = digits_cfg(tmp_path, 'coteaching/coteaching_cnn3_60e_digits-sym40.py', epochs=2, custom_hooks=HOOKS)
    cfg.model.forget_rate = dict(rate=0.5, num_gradual=1)
    cfg.model.network.backbone.channels, cfg.model.network.head.in_channels = (4, 8, 8), 8
    runner = build_runner(cfg)
    spy = Spy()
    runner.register_hook(spy)
    runner.train()
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'SelectionRecordHook')
    share = hook.record['selected']
    # Of the last epoch, sample by sample.
    assert share.tolist() == [spy.share[row] for row in range(len(share))]
    assert set(share.tolist()) == {0, 0.5, 1}
    assert torch.equal(hook.issues(), share == 0)
    with (tmp_path / 'samples.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row['score']) for row in rows] == share.tolist()
    assert [row['is_issue'] == '1' for row in rows] == (share == 0).tolist()


def test_refuses_a_model_that_selects_nothing(tmp_path):
    with pytest.raises(ValueError, match='selects no samples'):
        train(digits_cfg(tmp_path, custom_hooks=HOOKS))
