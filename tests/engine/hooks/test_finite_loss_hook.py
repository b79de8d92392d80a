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


class PoisonTheLastStep(Hook):
    """Breaks a weight by the last step of the second epoch, or by the third iteration: its loss was finite."""

    def __init__(self, last):
        self.last = last

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.last:
            torch.nn.init.constant_(runner.model.head.fc.weight, float('inf'))


def test_a_step_that_breaks_the_weights_is_not_saved(tmp_path):
    runner = build_runner(digits_cfg(tmp_path, epochs=3))
    batches = len(runner.train_dataloader)
    runner.register_hook(PoisonTheLastStep(2 * batches))
    with pytest.raises(
        RuntimeError, match=f'1 tensors of weights are not finite after iteration {2 * batches}, the first is'
    ):
        runner.train()
    assert not (tmp_path / 'epoch_2.pth').exists()


def test_nor_by_a_checkpoint_of_iterations(tmp_path):
    cfg = digits_cfg(tmp_path, epochs=1)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=1)
    runner = build_runner(cfg)
    runner.register_hook(PoisonTheLastStep(3))
    with pytest.raises(RuntimeError, match='weights are not finite'):
        runner.train()
    assert sorted(path.name for path in tmp_path.glob('iter_*')) == ['iter_1.pth', 'iter_2.pth']
