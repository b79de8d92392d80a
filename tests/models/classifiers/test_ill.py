"""ILL: its terms in float64 sample by sample, where gradients flow, resume and two ranks."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.registry import MODELS
from tests.helpers import build_runner, digits_cfg
from tests.same_everywhere import check_ranks_agree, check_resumes

BASE = 'ill/ill_cnn3_60e_digits-sym40.py'
B, K = 5, 3


def model():
    backbone = dict(type='mmnoisy.FeatureProbe', in_channels=K)
    head = dict(type='LinearClsHead', num_classes=K, in_channels=K, loss=dict(type='mmpretrain.CrossEntropyLoss'))
    built = MODELS.build(dict(type='mmnoisy.ILL', backbone=backbone, head=head, scale=1.5)).double()
    with torch.no_grad():
        built.noise.add_(0.3 * torch.randn(K, K, generator=torch.Generator().manual_seed(3), dtype=torch.float64))
        built.head.fc.weight.copy_(torch.eye(K))
        built.head.fc.bias.zero_()
    return built


def batch():
    inputs = torch.randn(2, B, K, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2
    labels = [0, 1, 2, 0, 1]
    return inputs, labels, [DataSample().set_gt_label(label) for label in labels]


def reference(weak, strong, labels, noise, fixed=None, scale=1.5):
    """The four terms, sample by sample; ``fixed`` = (weak, noise) where no gradient flows."""

    def softmax(z, axis=None):
        e = np.exp(z - z.max(axis, keepdims=True))
        return e / e.sum(axis, keepdims=True)

    def matrix(w):
        w = w / np.sqrt((w**2).sum(0, keepdims=True))
        return scale * w / np.sqrt((w**2).sum(1, keepdims=True))

    still_weak, still_noise = fixed or (weak, noise)
    rows, columns = softmax(matrix(still_noise), 1), softmax(matrix(noise), 0)
    terms = np.zeros(4)
    for i, label in enumerate(labels):
        p, s, still = softmax(weak[i]), softmax(strong[i]), softmax(still_weak[i])
        noisy = p @ columns
        terms[0] -= np.log(noisy[label] / noisy.sum()) / len(labels)
        target, posterior = still * rows[:, label], s * rows[:, label]
        terms[1] -= target / target.sum() @ np.log(posterior / posterior.sum()) / len(labels)
        terms[2] -= still @ np.log(s) / len(labels)
    terms[3] = -0.1 * np.log(np.mean([softmax(z) for z in weak], 0)).mean()
    return terms


def test_terms_and_gradients_equal_the_reference():
    network, (inputs, labels, samples) = model(), batch()
    inputs.requires_grad_()
    losses = network.loss(inputs, samples)
    names = ('noise', 'em', 'consistency', 'balance')
    weak, strong = inputs.detach()[..., 0, 0].numpy()
    noise = network.noise.detach().numpy().copy()
    expected = reference(weak, strong, labels, noise)
    np.testing.assert_allclose([losses[f'loss_{name}'].item() for name in names], expected, rtol=1e-9)
    sum(losses.values()).backward()
    step, start = 1e-6, (weak.copy(), noise.copy())
    for array, gradient in (
        (weak, inputs.grad[0, ..., 0, 0]),
        (strong, inputs.grad[1, ..., 0, 0]),
        (noise, network.noise.grad),
    ):
        for place in np.ndindex(array.shape):
            values, kept = [], array[place]
            for sign in (1, -1):
                array[place] = kept + sign * step
                values.append(reference(weak, strong, labels, noise, start).sum())
            array[place] = kept
            assert gradient[place].item() == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-6)


def config(work_dir, **overrides):
    cfg = digits_cfg(work_dir, BASE, 2, **overrides)
    cfg.train_dataloader.dataset.source.indices = 300
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def test_learns_the_matrix_without_decay_and_resumes(tmp_path):
    whole = check_resumes(config, tmp_path, (1,))
    noise = unwrap(whole.model).noise
    assert not torch.equal(noise, torch.eye(10))
    (group,) = [g for g in whole.optim_wrapper.param_groups if g['params'][0] is noise]
    assert group['weight_decay'] == 0 and group['initial_lr'] == pytest.approx(0.001)


@pytest.mark.ddp
def test_two_ranks(tmp_path):
    check_ranks_agree(config(tmp_path))


def test_needs_two_views(tmp_path):
    cfg = config(tmp_path)
    cfg.data_preprocessor.views = [dict()]
    with pytest.raises(PreflightError, match='ILL needs two views'):
        build_runner(cfg).train()
