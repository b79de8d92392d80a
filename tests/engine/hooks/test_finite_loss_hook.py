import pytest
import torch
from mmengine.hooks import Hook

from tests.helpers import build_runner, digits_cfg


class Poison(Hook):
    """Makes the network's output NaN at the third iteration of the second epoch."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == 1 and batch_idx == 2:
            torch.nn.init.constant_(runner.model.head.fc.weight, float('nan'))


@pytest.mark.parametrize('interval', [10, 1000])
def test_nan_stops_and_keeps_the_last_checkpoint(tmp_path, interval):
    runner = build_runner(digits_cfg(tmp_path, epochs=3, default_hooks__finite_loss__interval=interval))
    runner.register_hook(Poison())
    with pytest.raises(RuntimeError, match='not finite in epoch 2, iteration 3. .*Lower the learning rate'):
        runner.train()
    assert not (tmp_path / 'epoch_2.pth').exists()
    weights = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    assert all(torch.isfinite(value).all() for value in weights.values())
