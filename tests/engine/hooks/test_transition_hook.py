"""Estimators of T on simulated posteriors, and the hook that sets T: one process, resume, two ranks."""

import json

import numpy as np
import pytest
import torch

from mmnoisy.engine import TransitionHook
from mmnoisy.engine.model_parts import transition_losses, unwrap
from mmnoisy.evaluation.transition_error_hook import transition_error
from mmnoisy.functional.neighbour_consensus import hoc
from mmnoisy.functional.transition_estimators import ESTIMATORS, anchor, clusters, dual_t, joint_rows
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

K = 5
MATRICES = dict(
    symmetric=0.5 * np.eye(K) + 0.1,
    pairflip=0.55 * np.eye(K) + 0.45 * np.roll(np.eye(K), 1, axis=1),
    mixed=np.array(
        [[0.6, 0.2, 0, 0.2, 0], [0, 1, 0, 0, 0], [0.1, 0.1, 0.7, 0.1, 0], [0, 0, 0.4, 0.6, 0], [0.1, 0, 0.1, 0.1, 0.7]]
    ),
)


def simulate(matrix, size=4000, blur=0.05, seed=0):
    """Posteriors T[clean] with errors, observed labels, clean classes."""
    rng = np.random.default_rng(seed)
    clean = rng.integers(K, size=size)
    labels = np.array([rng.choice(K, p=matrix[c]) for c in clean])
    noise = rng.dirichlet(np.ones(K), size=size)
    return (1 - blur) * matrix[clean] + blur * noise, labels, clean


@pytest.mark.parametrize('name', MATRICES)
@pytest.mark.parametrize('estimator, tolerance', [('anchor', 0.02), ('confident_joint', 0.03), ('clusters', 0.01)])
def test_estimators_find_a_known_matrix(estimator, tolerance, name):
    posterior, labels, _ = simulate(MATRICES[name])
    found = ESTIMATORS[estimator](posterior, labels)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-12)
    assert np.abs(found - MATRICES[name]).mean() < tolerance


def test_anchor_of_a_class_sees_no_other_classes_outliers():
    # The top 25 % of a class are outliers; the sample that is one for class 0 is the anchor of class 1.
    posterior = np.array([[0.60, 0.40], [0.55, 0.45], [0.52, 0.48], [0.10, 0.90]])
    np.testing.assert_allclose(anchor(posterior, None, percentile=75.0), [[0.55, 0.45], [0.52, 0.48]])
    np.testing.assert_allclose(anchor(posterior, None, percentile=100.0), [[0.60, 0.40], [0.10, 0.90]])


def test_dual_t_is_the_product_of_its_factors():
    posterior, labels = np.array([[0.8, 0.2], [0.7, 0.3], [0.4, 0.6], [0.1, 0.9]]), np.array([0, 1, 0, 1])
    # Predicted 0, 0, 1, 1: half of each predicted class is labelled 0.
    np.testing.assert_allclose(
        dual_t(posterior, labels), np.array([[0.8, 0.2], [0.1, 0.9]]) @ np.array([[0.5, 0.5], [0.5, 0.5]])
    )


def test_confident_joint_by_hand():
    posterior = np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.2, 0.8], [0.3, 0.7], [0.0, 1.0], [0.8, 0.2]])
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    # Thresholds: 0.5 for class 0 (mean of .9, .1, .5) and 0.675 for class 1 (of .8, .7, 1, .2).
    # Class 0: samples 0, 2 (labelled 0) and 6 (labelled 1). Class 1: sample 1 (labelled 0) and 3, 4, 5 (labelled 1).
    # All 3 and 4 samples of the labels are counted, so the scaling changes nothing.
    np.testing.assert_allclose(joint_rows(posterior, labels), [[2 / 3, 1 / 3], [1 / 4, 3 / 4]])
    # Sample 4 is now confident of nothing: label 1 has 3 counts for 4 samples, each weighs 4/3.
    posterior[4] = 0.45, 0.55
    np.testing.assert_allclose(joint_rows(posterior, labels), [[0.6, 0.4], [3 / 11, 8 / 11]])


def test_clusters_correct_an_overconfident_network():
    # Posteriors that are too sharp by far are wrong as rows of T; the counted labels are not.
    matrix = MATRICES['symmetric']
    posterior, labels, _ = simulate(matrix)
    sharp = posterior**2 / (posterior**2).sum(1, keepdims=True)
    assert np.abs(clusters(sharp, labels) - matrix).mean() < 0.01
    assert np.abs(anchor(sharp, labels) - matrix).mean() > 0.1
    # What Dual-T is for; on calibrated posteriors it counts the noise twice.
    assert np.abs(dual_t(sharp, labels) - matrix).mean() < 0.03
    assert np.abs(dual_t(posterior, labels) - matrix).mean() > 0.05


def test_error_is_against_the_realised_matrix():
    clean, noisy = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert transition_error(np.eye(2), clean, noisy) == dict(mean_absolute_error=0.25, max_absolute_error=0.5)


def hook_cfg(work_dir, epochs=4, hook=(), **overrides):
    cfg = digits_cfg(work_dir, 'forward/forward_cnn3_60e_digits-sym40.py', epochs=epochs, **overrides)
    cfg.custom_hooks[0].update(dict(begin=1, end=2, **dict(hook)))
    return cfg


def weights(runner):
    return {name: value.clone() for name, value in runner.model.state_dict().items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=0, msg=name)


def test_sets_t_restarts_and_resumes_to_the_bit(tmp_path):
    initial = {}
    cfg = hook_cfg(tmp_path / 'straight')
    runner = build_runner(cfg)
    hook = next(hook for hook in runner.hooks if isinstance(hook, TransitionHook))
    found, original = [], hook._set

    def spy(runner, matrix):
        original(runner, matrix)
        found.append((matrix, weights(runner), len(runner.optim_wrapper.optimizer.state)))

    hook._set = spy
    hook_start = hook.before_train

    def start(runner):
        hook_start(runner)
        initial.update(weights(runner))

    hook.before_train = start
    runner.train()

    ((matrix, restarted, optimizer_state),) = found
    saved = np.load(tmp_path / 'straight/transition_matrix.npy')
    np.testing.assert_array_equal(saved, matrix.numpy())
    assert (tmp_path / 'straight/transition_matrix.png').stat().st_size > 1000
    assert json.loads((tmp_path / 'straight/transition_error.json').read_text())['epoch'] == 3
    loss = 'head.loss_module.transition'
    np.testing.assert_array_equal(runner.model.state_dict()[loss].numpy(), saved.astype(np.float32))
    # Put back to the start, but for T; the optimizer forgot its momentum.
    assert torch.equal(initial.pop(loss), torch.eye(10)) and optimizer_state == 0
    restarted.pop(loss)
    assert_equal(initial, restarted)

    for epoch, holds in ((2, True), (3, False)):
        checkpoint = torch.load(tmp_path / f'straight/epoch_{epoch}.pth', weights_only=True)
        assert ('transition' in checkpoint) == holds
        resumed = hook_cfg(
            tmp_path / f'resumed{epoch}', resume=True, load_from=str(tmp_path / f'straight/epoch_{epoch}.pth')
        )
        assert_equal(weights(train(resumed)), weights(runner))


def test_no_restart_and_estimate_on_held_out_labels(tmp_path):
    cfg = hook_cfg(tmp_path, epochs=3, hook=dict(restart=False, dataset='val', estimator='confident_joint'))
    runner = train(cfg)
    assert 'transition' not in torch.load(tmp_path / 'epoch_3.pth', weights_only=True)
    first = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)['transition']
    assert first['initial'] is None and first['posterior'].shape == (len(runner.val_dataloader.dataset), 10)
    assert not torch.equal(runner.model.head.loss_module.transition, torch.eye(10))


def test_refuses_other_data_on_resume(tmp_path):
    train(hook_cfg(tmp_path / 'first', epochs=3))
    cfg = hook_cfg(tmp_path / 'second', resume=True, load_from=str(tmp_path / 'first/epoch_2.pth'))
    cfg.train_dataloader.dataset.holdout = 0.2
    cfg.val_dataloader.dataset.holdout = 0.2
    # It looks at the labels of the whole run, and comes first.
    del cfg.default_hooks['run_guard']
    with pytest.raises(ValueError, match='predictions for 1292 samples'):
        train(cfg)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(estimator='guess'), 'Known: anchor, dual_t, confident_joint, clusters'),
        (dict(begin=0), '1 <= begin <= end'),
        (dict(begin=5, end=4), '1 <= begin <= end'),
        (dict(dataset='test'), "must be 'train' or 'val'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TransitionHook(**arguments)


def test_refuses_a_model_without_t_and_a_warmup_without_end(tmp_path):
    cfg = digits_cfg(tmp_path, custom_hooks=[dict(type='mmnoisy.TransitionHook', begin=1, end=2)], epochs=4)
    with pytest.raises(ValueError, match='no loss that takes a transition matrix'):
        train(cfg)
    with pytest.raises(ValueError, match='Lower end'):
        train(hook_cfg(tmp_path, epochs=2))


def run_rank(cfg):
    return weights(train(ddp(cfg)))


@pytest.mark.ddp
def test_two_ranks_have_the_same_t(tmp_path):
    first, second = run_two_ranks(run_rank, hook_cfg(tmp_path, epochs=3))
    name = next(name for name in first if name.endswith('transition'))
    assert torch.equal(first[name], second[name]) and not torch.equal(first[name], torch.eye(10))
    for key in first:
        if 'running' not in key and 'num_batches' not in key:
            assert torch.equal(first[key], second[key]), key


def test_hoc_reads_the_features_of_all_samples(tmp_path):
    """T is that of the network's features after the warm-up, of the observed labels, and a resumed run finds the same."""
    cfg = hook_cfg(tmp_path / 'straight', hook=dict(estimator='hoc'))
    runner = build_runner(cfg)
    hook = next(hook for hook in runner.hooks if isinstance(hook, TransitionHook))
    original, found = hook._set, []

    def spy(runner, matrix):
        model, dataset = unwrap(runner.model).eval(), runner.train_dataloader.dataset
        images = (torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float() - 73.3) / 90.3
        with torch.no_grad():
            features = model.extract_feat(images)[-1]
        model.train()
        found.append((matrix, hoc(features, np.array(dataset.get_gt_labels()), 10)))
        original(runner, matrix)

    hook._set = spy
    runner.train()
    ((matrix, expected),) = found
    np.testing.assert_allclose(matrix, expected, atol=0.05)
    (loss,) = transition_losses(runner.model)
    np.testing.assert_allclose(loss.transition, matrix, atol=1e-6)
    cfg = hook_cfg(tmp_path / 'resumed', hook=dict(estimator='hoc'), resume=True)
    cfg.load_from = str(tmp_path / 'straight' / 'epoch_1.pth')
    assert_equal(weights(runner), weights(train(cfg)))


def _hoc(cfg):
    runner = train(cfg)
    (loss,) = transition_losses(runner.model)
    return loss.transition


@pytest.mark.ddp
def test_hoc_on_two_ranks(tmp_path):
    first, second = run_two_ranks(_hoc, ddp(hook_cfg(tmp_path, hook=dict(estimator='hoc'))))
    assert torch.equal(first, second) and not torch.equal(first, torch.eye(10))
