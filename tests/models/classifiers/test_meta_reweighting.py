import copy
from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from mmengine.dist import get_rank
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample
from torch import nn

from mmnoisy.datasets.samples_file import write_samples_csv
from mmnoisy.models.classifiers import meta_gradient
from tests.helpers import ddp, digits_cfg, run_two_ranks, train

CONFIGS = {
    'mwn': 'meta_weight_net/meta_weight_net_cnn3_60e_digits-sym40.py',
    'l2rw': 'l2rw/l2rw_cnn3_60e_digits-sym40.py',
}


def small_cfg(work_dir, name='mwn', **overrides):
    overrides.setdefault('train_dataloader__batch_size', 256)
    return digits_cfg(
        work_dir, CONFIGS[name], default_hooks__summary__train_interval=0, custom_hooks__0__batch_size=16, **overrides
    )


def problem(seed=0, noisy_rows=slice(None), trusted_rows=slice(None)):
    """A network with a smooth nonlinearity, 8 noisy and 5 trusted samples (or some), and their losses as functions."""
    generator = torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    x, trusted_x = (torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in (8, 5))
    y, trusted_y = (torch.randint(3, (n,), generator=generator) for n in (8, 5))
    x, y, trusted_x, trusted_y = x[noisy_rows], y[noisy_rows], trusted_x[trusted_rows], trusted_y[trusted_rows]
    params = {name: p.detach() for name, p in net.named_parameters()}

    def noisy(p):
        return F.cross_entropy(torch.func.functional_call(net, p, (x,)), y, reduction='none')

    def trusted(p):
        return F.cross_entropy(torch.func.functional_call(net, p, (trusted_x,)), trusted_y)

    return params, noisy, trusted


@pytest.mark.parametrize('start', ['weights', 'zeros'])
def test_meta_gradient_equals_finite_differences(start):
    params, noisy, trusted = problem()
    weight = torch.rand(8, dtype=torch.float64) if start == 'weights' else torch.zeros(8, dtype=torch.float64)
    lr = 0.3

    def trusted_loss_after_step(w):
        leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
        gradients = torch.autograd.grad((w * noisy(leaves)).sum() / 8, list(leaves.values()))
        return trusted({name: p - lr * g for (name, p), g in zip(leaves.items(), gradients)}).item()

    expected = []
    for i in range(8):
        step = torch.zeros(8, dtype=torch.float64)
        step[i] = 1e-5
        expected.append((trusted_loss_after_step(weight + step) - trusted_loss_after_step(weight - step)) / 2e-5)
    found = meta_gradient(noisy, trusted, params, weight if start == 'weights' else None, lr)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-9)


def batch(model, size, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(size, 1, 8, 8, generator=generator)
    labels = torch.randint(10, (size,), generator=generator)
    return inputs, [DataSample(metainfo=dict(sample_idx=i)).set_gt_label(int(label)) for i, label in enumerate(labels)]


def build(name, tmp_path):
    cfg = small_cfg(tmp_path, name)
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, _scope_='mmpretrain')).train()
    model.set_meta_step(*batch(model, 6, 1), 0.1)
    return model


def test_l2rw_weights_follow_the_reference(tmp_path):
    """Weights are the rectified agreements of each sample's gradient with the trusted gradient, summing to one."""
    model = build('l2rw', tmp_path)
    inputs, samples = batch(model, 8, 2)
    losses = model.loss(inputs, samples)
    params = list(model.parameters())
    trusted = torch.autograd.grad(model.sample_losses(*batch(model, 6, 1)).mean(), params)
    per_sample = model.sample_losses(inputs, samples)
    agreement = torch.stack(
        [
            sum((a * b).sum() for a, b in zip(torch.autograd.grad(value, params, retain_graph=True), trusted))
            for value in per_sample
        ]
    ).clamp_min(0)
    expected = (agreement / agreement.sum() * per_sample).sum()
    assert (agreement > 0).any() and (agreement == 0).any()
    torch.testing.assert_close(losses['loss'], expected, rtol=1e-4, atol=1e-6)
    assert losses['kept'] == (agreement > 0).float().mean()


def test_l2rw_without_a_helpful_sample_has_zero_loss(tmp_path, monkeypatch):
    model = build('l2rw', tmp_path)
    monkeypatch.setattr(model, 'meta_gradient', lambda *args: torch.ones(8))
    assert model.loss(*batch(model, 8, 2))['loss'] == 0


def test_meta_weight_net_splits_the_gradients(tmp_path):
    """The classifier learns from the weighted loss alone, the weight network from the trusted loss alone."""
    model = build('mwn', tmp_path)
    inputs, samples = batch(model, 8, 2)
    losses = model.loss(inputs, samples)
    net = [p for name, p in model.named_parameters() if not name.startswith('weight_net.')]
    weights = list(model.weight_net.parameters())
    none = torch.autograd.grad(losses['loss'], weights, allow_unused=True, retain_graph=True)
    assert all(g is None for g in none)
    none = torch.autograd.grad(losses['loss_weight_net'], net, allow_unused=True, retain_graph=True)
    assert all(g is None for g in none)


def trusted_loss_after_a_real_step(model, data, trusted, weight, lr):
    """The trusted loss of a copy of the classifier, after a step of SGD on the weighted loss of the noisy samples."""
    model = copy.deepcopy(model)
    net = [p for name, p in model.named_parameters() if not name.startswith('weight_net.')]
    (weight * model.sample_losses(*data)).mean().backward(inputs=net)
    torch.optim.SGD(net, lr=lr).step()
    with torch.no_grad():
        return model.sample_losses(*trusted).mean().item()


def test_meta_weight_net_learns_what_lowers_the_trusted_loss_after_a_real_step(tmp_path):
    """What drives a sample's weight is the change of that loss with it, relative to the batch and of mean size 1."""
    model = build('mwn', tmp_path).double()
    model.weight_net.float()  # it is in float32 whatever the classifier is
    (inputs, samples), (trusted_inputs, trusted_samples) = batch(model, 8, 2), batch(model, 6, 1)
    data, trusted, lr = (inputs.double(), samples), (trusted_inputs.double(), trusted_samples), 0.1
    model.set_meta_step(*trusted, lr)
    outputs = []
    handle = model.weight_net.register_forward_hook(lambda module, args, output: outputs.append(output))
    losses = model.loss(*data)
    handle.remove()
    (drive,) = torch.autograd.grad(losses['loss_weight_net'], outputs[0], retain_graph=True)
    drive = 8 * drive[:, 0].double()

    weight = outputs[0][:, 0].detach().double()
    slopes = []
    for i in range(8):
        step = torch.zeros(8).double()
        step[i] = 1e-4
        after, before = (trusted_loss_after_a_real_step(model, data, trusted, weight + s, lr) for s in (step, -step))
        slopes.append((after - before) / 2e-4)
    slopes = torch.tensor(slopes).double()
    assert slopes.abs().max() > 1e-4 and drive.sum().abs() < 1e-4 and drive.abs().mean().item() == pytest.approx(1)
    # Of all that is known of the slopes, only their mean and their scale are taken out.
    scale = (drive @ (slopes - slopes.mean())) / (drive @ drive)
    assert scale > 0
    torch.testing.assert_close(scale * drive, slopes - slopes.mean(), rtol=1e-3, atol=1e-3 * float(slopes.abs().max()))
    # And the weight network follows it: its gradient is that of its outputs times the drive.
    weights = list(model.weight_net.parameters())
    found = torch.autograd.grad(losses['loss_weight_net'], weights)
    per_sample = model.sample_losses(*data).detach().float()
    again = model.weight_net(per_sample[:, None])[:, 0]
    for a, b in zip(found, torch.autograd.grad(again, weights, grad_outputs=(drive / 8).float())):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_virtual_passes_leave_running_statistics_alone(tmp_path):
    model = build('mwn', tmp_path)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.meta_gradient(*batch(model, 8, 2), torch.ones(8))
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_a_model_without_a_trusted_batch_says_what_to_add(tmp_path):
    model = MODELS.build(dict(small_cfg(tmp_path, 'mwn').model, _scope_='mmpretrain')).train()
    with pytest.raises(RuntimeError, match='MetaSetHook'):
        model.loss(*batch(model, 8, 2))


def test_a_training_set_without_trusted_samples_is_refused(tmp_path):
    with pytest.raises(ValueError, match='no trusted samples'):
        train(small_cfg(tmp_path, train_dataloader__dataset__trusted=None))


def test_pseudo_clean_samples_come_from_a_samples_csv(tmp_path):
    """Of each class the best scored rows; a csv of other labels is refused."""
    cfg = small_cfg(tmp_path, train_dataloader__dataset__trusted=None)
    dataset = DATASETS.build(dict(cfg.train_dataloader.dataset, _scope_='mmpretrain'))
    is_right = torch.as_tensor(dataset.gt_labels == dataset.clean_labels)
    write_samples_csv(tmp_path / 'samples.csv', dataset, is_right * 0.5 + 0.4, ~is_right)
    cfg.custom_hooks[0].update(scores=str(tmp_path / 'samples.csv'), per_class=3)
    runner = train(cfg)
    rows = next(hook for hook in runner.hooks if type(hook).__name__ == 'MetaSetHook').rows
    assert sorted(dataset.gt_labels[rows].tolist()) == sorted(list(range(10)) * 3)
    assert (dataset.gt_labels[rows] == dataset.clean_labels[rows]).all()
    cfg.train_dataloader.dataset.noise.rate = 0.3
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    with pytest.raises(ValueError, match='MetaSetHook: scores=.*(other labels|does not judge)'):
        train(cfg)


@pytest.mark.parametrize('name', CONFIGS)
def test_resume_equals_an_unbroken_run(name, tmp_path):
    whole = train(small_cfg(tmp_path / 'whole', name))
    resumed = train(
        small_cfg(tmp_path / 'resumed', name, resume=True, load_from=str(tmp_path / 'whole' / 'epoch_1.pth'))
    )
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key


def ddp_run(cfg):
    runner = train(ddp(cfg))
    return {
        key: value
        for key, value in runner.model.module.state_dict().items()
        if 'running' not in key and 'tracked' not in key
    }


@pytest.mark.ddp
@pytest.mark.parametrize('name', CONFIGS)
def test_two_ranks_keep_equal_weights(name, tmp_path):
    first, second = run_two_ranks(ddp_run, small_cfg(tmp_path, name, epochs=1))
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def rank_gradient(weight):
    """The meta-gradient of this rank's half of a problem."""
    half = slice(get_rank(), None, 2)
    params, noisy, trusted = problem(noisy_rows=half, trusted_rows=slice(get_rank(), 4, 2))
    return meta_gradient(noisy, trusted, params, None if weight is None else weight[half], 0.3)


@pytest.mark.ddp
@pytest.mark.parametrize('weight', [None, torch.linspace(0, 1, 8, dtype=torch.float64)], ids=['zeros', 'weights'])
def test_two_ranks_have_the_meta_gradient_of_the_whole_batch(weight):
    """Halves of noisy and trusted batch on two ranks; each rank divides by its own number of samples."""
    params, noisy, trusted = problem(trusted_rows=slice(0, 4))
    whole = meta_gradient(noisy, trusted, params, weight, 0.3)
    halves = run_two_ranks(rank_gradient, weight)
    for rank, found in enumerate(halves):
        torch.testing.assert_close(found / 2, whole[rank::2])


@OPTIM_WRAPPERS.register_module()
class HalfPrecisionOptimWrapper(OptimWrapper):
    """mmengine's AmpOptimWrapper needs a GPU; this one has its forward pass in bfloat16 on the CPU."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


@pytest.mark.parametrize('name', CONFIGS)
def test_half_precision(name, tmp_path):
    """The inner steps are in float32, losses and weights near those of float32, and a run stays finite."""
    model = build(name, tmp_path)
    data = batch(model, 8, 2)
    expected, slopes = model.loss(*data), model.meta_gradient(*data, torch.ones(8))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert model.head.fc(torch.ones(1, 8)).dtype == torch.bfloat16
        assert torch.equal(model.meta_gradient(*data, torch.ones(8)), slopes)
        found = model.loss(*data)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0.02, atol=0.01)
    runner = train(small_cfg(tmp_path, name, epochs=1, optim_wrapper__type='HalfPrecisionOptimWrapper'))
    assert isinstance(runner.optim_wrapper, HalfPrecisionOptimWrapper)
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in runner.model.parameters())
