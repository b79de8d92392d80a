import numpy as np
import torch

from mmnoisy.functional.mixing import draw_fmix, draw_mix, mix
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


def test_draw_fmix_gives_connected_masks_of_a_uniform_share():
    torch.manual_seed(0)
    draws = [draw_fmix(B, 16, 15) for _ in range(500)]
    for lam, mask, order in draws[:20]:
        assert mask.shape == (16, 15) and set(mask.unique().tolist()) <= {0.0, 1.0}
        assert mask.mean().item() == np.float32(lam) and sorted(order.tolist()) == list(range(B))
    lams = np.array([lam for lam, _, _ in draws])
    assert np.abs(np.sort(lams) - np.linspace(0, 1, 500)).max() < 0.07  # Kolmogorov's distance at 1 %
    # Of low frequency: neighbouring pixels differ far more seldom than those of a mask without any order.
    middle = [mask for lam, mask, _ in draws if 0.4 < lam < 0.6]
    assert np.mean([(mask[1:] != mask[:-1]).float().mean() for mask in middle]) < 0.15
    values = torch.arange(B * 2 * 16 * 15, dtype=torch.float64).view(B, 2, 16, 15)
    _, mask, order = draws[0]
    assert torch.equal(mix(values, mask, order), torch.where(mask.bool(), values, values[order]))
