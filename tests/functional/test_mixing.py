import numpy as np
import torch

from mmnoisy.functional.mixing import draw_mix, mix
from tests.arrays import RNG, close, tensor

B = 7


def test_mix():
    values, order = RNG.normal(size=(B, 3, 2)), RNG.permutation(B)
    close(mix(tensor(values), 0.8, tensor(order)), 0.8 * values + 0.2 * values[order])


def test_draw_mix_has_the_folded_beta_distribution():
    torch.manual_seed(0)
    draws = [draw_mix(9, 4.0) for _ in range(2000)]
    lams = np.array([lam for lam, _ in draws])
    assert lams.min() >= 0.5 and lams.max() <= 1
    reference = np.random.default_rng(0).beta(4, 4, 100000)
    assert abs(lams.mean() - np.maximum(reference, 1 - reference).mean()) < 0.01
    assert sorted(draws[0][1].tolist()) == list(range(9)) and draws[0][1].tolist() != draws[1][1].tolist()
