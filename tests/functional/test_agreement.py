import numpy as np
import pytest
import torch

from mmnoisy.functional.agreement import guess_by_agreement
from mmnoisy.functional.class_uniform import small_loss_of_each
from mmnoisy.functional.debias import debiased_logits
from tests.arrays import close


def reference(selected, p, confidence, share):
    """Sample by sample, from the paper."""
    size = len(selected)
    found = [
        i
        for i in range(size)
        if not selected[i]
        and p[0, i].argmax() == p[1, i].argmax()
        and p[0, i].max() > confidence
        and p[1, i].max() > confidence
    ]
    found.sort(key=lambda i: -(p[0, i].max() + p[1, i].max()))
    room = int(share * size) - int(selected.sum())
    return np.isin(np.arange(size), found[: max(room, 0)])


@pytest.mark.parametrize('share', [0.0, 0.4, 0.9, 1.0])
def test_guesses_where_both_networks_agree(share):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(60, 4, generator=generator) * 3 + torch.randn(2, 60, 4, generator=generator)
    p = logits.double().softmax(2)
    selected = torch.rand(60, generator=generator) < 0.3
    found = guess_by_agreement(selected, p, 0.5, share)
    assert found.tolist() == reference(selected.numpy(), p.numpy(), 0.5, share).tolist()
    assert share == 0 or found.any()
    full = torch.ones(60, dtype=torch.bool)
    assert not guess_by_agreement(full, p, 0.5, share).any()


def test_small_loss_of_each_label():
    generator = torch.Generator().manual_seed(0)
    losses, labels = torch.rand(203, generator=generator), torch.randint(3, (203,), generator=generator)
    labels[labels == 2] = 1
    labels[:4] = 2  # fewer than its share
    chosen = small_loss_of_each(losses, labels, 4, 0.3)
    for label in range(3):
        rows = np.flatnonzero(labels == label)
        expected = rows[np.argsort(losses[rows].numpy())][: int(np.ceil(0.3 * 203 / 4))]
        assert chosen.nonzero().flatten()[labels[chosen] == label].tolist() == sorted(expected.tolist())
    assert torch.bincount(labels[chosen]).tolist() == [16, 16, 4]


def test_debiased_logits():
    logits, prior = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0.7, 0.3, 0.0], dtype=torch.float64)
    found = debiased_logits(logits, prior, -0.8)
    # p_k / prior_k^0.8, normalised.
    weight = logits[:, :2].exp() / prior[:2] ** 0.8
    close(found[:, :2].softmax(1), weight / weight.sum(1, keepdim=True))
    assert torch.isfinite(found).all()
