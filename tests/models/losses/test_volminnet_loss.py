"""VolMinNet: the gradient of T, where T begins, what a run and its checkpoint keep of it."""

import numpy as np
import pytest
import torch

import mmnoisy.models  # noqa: F401
from mmnoisy.engine.model_parts import transition_losses
from mmnoisy.models.losses import VolMinNetLoss
from tests.helpers import digits_cfg
from tests.same_everywhere import check_ranks_agree, check_resumes

K, B = 4, 5
BASE = 'volminnet/volminnet_cnn3_60e_digits-sym40.py'
T = np.array([[0.7, 0.1, 0.1, 0.1], [0.05, 0.8, 0.1, 0.05], [0.02, 0.02, 0.94, 0.02], [0.3, 0.05, 0.05, 0.6]])


def reference(w, logits, labels, lam):
    """The mean loss in float64, T by loops."""
    matrix = np.zeros((K, K))
    for i in range(K):
        row = np.array([1.0 if i == j else 1 / (1 + np.exp(-w[i, j])) for j in range(K)])
        matrix[i] = row / row.sum()
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    noisy = p @ matrix
    return -np.log(noisy[range(B), labels]).mean() + lam * np.log(abs(np.linalg.det(matrix)))


def test_gradient_of_the_matrix():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(B, K, dtype=torch.float64, generator=generator)
    labels = torch.tensor([0, 1, 2, 3, 1])
    loss = VolMinNetLoss(K, volume_weight=0.3).double()
    with torch.no_grad():
        loss.w.normal_(-1, 1, generator=generator)
    loss(logits, labels).backward()
    w, step = loss.w.detach().numpy().copy(), 1e-6
    assert loss(logits, labels).item() == pytest.approx(reference(w, logits.numpy(), labels.numpy(), 0.3), rel=1e-12)
    for place in np.ndindex(K, K):
        values = []
        for sign in (1, -1):
            moved = w.copy()
            moved[place] += sign * step
            values.append(reference(moved, logits.numpy(), labels.numpy(), 0.3))
        assert loss.w.grad[place].item() == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-8)
    assert loss.w.grad.diagonal().abs().max() == 0


def test_the_volume_alone_shrinks_the_matrix_to_less_of_a_simplex():
    """Minimising log |det T| moves T away from the identity, whose volume is the largest of all."""
    loss = VolMinNetLoss(K, transition=T.tolist())
    volume = torch.linalg.slogdet(loss.matrix(loss.w)).logabsdet
    volume.backward()
    off = ~torch.eye(K, dtype=torch.bool)
    assert (loss.w.grad[off] < 0).all()
    assert volume < 0


def test_begins_where_it_is_told():
    loss = VolMinNetLoss(K, transition=T.tolist())
    torch.testing.assert_close(loss.transition, torch.as_tensor(T).float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(loss.matrix(loss.w).detach(), loss.transition)
    diagonal = VolMinNetLoss(10).transition.diagonal()
    torch.testing.assert_close(diagonal, torch.full((10,), 1 / (1 + 9 / (1 + np.exp(2)))), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match='volume_weight'):
        VolMinNetLoss(K, volume_weight=-1)


def test_an_entry_larger_than_the_diagonal_is_cut():
    loss = VolMinNetLoss(2, transition=[[0.3, 0.7], [0.0, 1.0]])
    torch.testing.assert_close(loss.transition, torch.tensor([[0.5, 0.5], [0, 1]]), rtol=0, atol=1e-3)


def config(work_dir, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs=3, **overrides)
    cfg.train_dataloader.dataset.source.indices = 400
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def test_learns_the_matrix_and_resumes(tmp_path):
    whole = check_resumes(config, tmp_path, (1,))
    (loss,) = transition_losses(whole.model)
    assert not torch.equal(loss.transition, VolMinNetLoss(10).transition)
    # What the error hook reads is T of the last step: one step behind the parameter.
    assert 0 < (loss.matrix(loss.w) - loss.transition).abs().max() < 0.02
    (group,) = [g for g in whole.optim_wrapper.param_groups if g['params'][0] is loss.w]
    assert group['weight_decay'] == 0 and group['initial_lr'] == pytest.approx(0.09)


@pytest.mark.ddp
def test_two_ranks_have_one_matrix(tmp_path):
    first = check_ranks_agree(config(tmp_path))
    assert not torch.equal(first['head.loss_module.w'], torch.full((10, 10), -2.0))
