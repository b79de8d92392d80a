"""A part of a network anew: what changes, what is held, and the same on two ranks."""

import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.refine import in_parts, refine, renew
from mmnoisy.registry import HOOKS
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks

HEAD = ['head']


def test_names_of_parts():
    assert in_parts('head.fc.weight', ['head']) and in_parts('head', ['head'])
    assert not in_parts('header.weight', ['head'])
    assert in_parts('backbone.layers.8.weight', ['backbone.layers.8'])
    assert not in_parts('backbone.layers.80.weight', ['backbone.layers.8'])


@HOOKS.register_module(force=True)
class TestRefine(Hook):
    """Refines the head before the second epoch, and trains it a second time beside that, step by step."""

    __test__ = False
    priority = 'LOWEST'

    def before_train_epoch(self, runner):
        if runner.epoch != 1:
            return
        model = unwrap(runner.model)
        self.before = {name: value.clone() for name, value in model.state_dict().items()}
        refine(runner, HEAD, epochs=2, lr=0.01, number=0)
        self.after = {name: value.clone() for name, value in model.state_dict().items()}
        self.flags = all(p.requires_grad for p in model.parameters())
        self.momentum = [name for name, p in model.named_parameters() if p not in runner.optim_wrapper.optimizer.state]
        self.sampler = runner.train_dataloader.sampler.epoch
        if not hasattr(runner.model, 'module'):
            self.again = self.by_hand(runner)

    def by_hand(self, runner):
        """The head's weights, from the features of the held backbone in train mode and a loop over autograd.grad."""
        model = unwrap(runner.model)
        renew(runner, HEAD, 1)
        head = model.head.fc
        optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
        for epoch in range(2):
            runner.train_dataloader.sampler.set_epoch(runner.max_epochs + epoch)
            for batch in runner.train_dataloader:
                data = model.data_preprocessor(batch, True)
                with torch.no_grad():
                    features = model.extract_feat(data['inputs'])[-1]
                labels = torch.cat([sample.gt_label for sample in data['data_samples']])
                loss = torch.nn.functional.cross_entropy(head(features), labels)
                for parameter, gradient in zip(head.parameters(), torch.autograd.grad(loss, list(head.parameters()))):
                    parameter.grad = gradient
                optimizer.step()
        runner.train_dataloader.sampler.set_epoch(runner.epoch)
        return [parameter.detach().clone() for parameter in head.parameters()]


def config(work_dir):
    cfg = digits_cfg(work_dir, epochs=2)
    cfg.train_dataloader.dataset.source.indices = 300
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks = [dict(type='mmnoisy.TestRefine')]
    return cfg


def run(cfg):
    runner = build_runner(cfg)
    runner.train()
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'TestRefine')


def test_only_the_part_is_trained(tmp_path):
    hook = run(config(tmp_path))
    parameters = [name for name in hook.before if 'running' not in name and 'num_batches' not in name]
    for name in parameters:
        assert torch.equal(hook.before[name], hook.after[name]) == (not in_parts(name, HEAD)), name
    for value, again in zip((hook.after['head.fc.weight'], hook.after['head.fc.bias']), hook.again):
        torch.testing.assert_close(value, again, rtol=1e-5, atol=1e-6)
    assert hook.flags and hook.sampler == 1
    assert hook.momentum == ['head.fc.weight', 'head.fc.bias']


def _run(cfg):
    hook = run(cfg)
    return hook.after


@pytest.mark.ddp
def test_two_ranks_have_the_same_weights(tmp_path):
    first, second = run_two_ranks(_run, ddp(config(tmp_path)))
    for name, value in first.items():
        if 'running' not in name:
            assert torch.equal(value, second[name]), name
