"""Formulas against float64 references in numpy."""

import numpy as np
import pytest
import torch

from mmnoisy.functional.soft_labels import bootstrap, co_guess, co_refine, sharpen
from tests.arrays import RNG, close, probabilities, tensor

B, K, V = 7, 5, 2


@pytest.mark.parametrize('temperature', [1.0, 0.5, 0.1])
def test_sharpen(temperature):
    p = probabilities(V, B, K)
    reference = p ** (1 / temperature)
    close(sharpen(tensor(p), temperature), reference / reference.sum(-1, keepdims=True))


def test_sharpen_survives_float32_extremes():
    p = torch.tensor([[1e-20, 1 - 1e-7, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert torch.allclose(sharpen(p, 0.1), torch.tensor([[0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]))


def test_co_refine():
    label, w, p = np.eye(K)[RNG.integers(K, size=B)], RNG.random(B), probabilities(V, B, K)
    reference = (w[:, None] * label + (1 - w[:, None]) * (p[0] + p[1]) / 2) ** 2
    close(co_refine(tensor(label), tensor(w), tensor(p)), reference / reference.sum(1, keepdims=True))
    close(co_refine(tensor(label), torch.ones(B).double(), tensor(p)), label)


def test_co_guess():
    p = probabilities(2 * V, B, K)
    reference = ((p[0] + p[1] + p[2] + p[3]) / 4) ** 2
    close(co_guess(tensor(p)), reference / reference.sum(1, keepdims=True))


def test_bootstrap():
    y, p = np.eye(K)[[0, 1]], probabilities(2, K)
    soft = bootstrap(tensor(y), torch.tensor([0.25, 1.0]), tensor(p), 'soft')
    np.testing.assert_allclose(soft, [0.25 * y[0] + 0.75 * p[0], y[1]])
