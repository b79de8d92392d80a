import numpy as np
import pytest
import torch

from mmnoisy.functional.class_uniform import class_uniform, js_divergence


def reference(p, q):
    """The Jensen-Shannon divergence of two distributions from its definition."""
    m = (p + q) / 2
    return sum(0.5 * a[a > 0] @ np.log(a[a > 0] / m[a > 0]) for a in (p, q))


def test_divergence_equals_the_definition():
    p = torch.randn(50, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).mul(4).softmax(1)
    labels = torch.arange(50) % 7
    own = p.gather(1, labels[:, None]).squeeze(1)
    expected = [reference(row.numpy(), np.eye(7)[label]) for row, label in zip(p, labels)]
    np.testing.assert_allclose(js_divergence(own), expected, rtol=1e-12)
    assert js_divergence(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([np.log(2), 0])


def test_equally_many_of_each_label():
    generator = torch.Generator().manual_seed(0)
    divergence, labels = torch.rand(200, generator=generator).square(), torch.randint(4, (200,), generator=generator)
    labels[labels == 3] = 2
    labels[:5] = 3  # fewer than its share
    chosen = class_uniform(divergence, labels, 4)
    count = int((divergence < divergence.mean()).sum()) // 4
    assert count > 5
    for label in range(4):
        values = divergence[labels == label].sort().values[:count]
        assert torch.equal(divergence[chosen & (labels == label)].sort().values, values)
    assert torch.bincount(labels[chosen]).tolist() == [count, count, count, 5]
    assert class_uniform(torch.ones(6), torch.arange(6) % 4, 4).all()
