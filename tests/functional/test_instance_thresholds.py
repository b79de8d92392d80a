import numpy as np
import torch

from mmnoisy.functional.instance_thresholds import follow, select


def reference(own, joint, prediction, labels, threshold, margin, cap):
    """Sample by sample, in the paper's words."""
    group, target = [], []
    for i in range(len(labels)):
        weak, strong = own[i, 0] > threshold[i, 0], own[i, 1] > threshold[i, 1]
        if weak and strong:
            group.append(0)
        elif weak or strong:
            group.append(1)
        elif joint[i] > min(threshold[i].mean() + margin, cap):
            group.append(2)
        else:
            group.append(3)
        target.append(labels[i] if group[-1] < 2 else prediction[i])
    return group, target


def test_sets_equal_the_reference():
    generator = torch.Generator().manual_seed(0)
    size, classes = 400, 5
    probability = torch.randn(2, size, classes, generator=generator, dtype=torch.float64).mul(3).softmax(2)
    labels = torch.randint(classes, (size,), generator=generator)
    threshold = torch.rand(size, 2, generator=generator, dtype=torch.float64) * 0.8
    own = probability[:, torch.arange(size), labels].T
    joint, prediction = probability.mean(0).max(1)
    sets = select(own, joint, prediction, labels, threshold, 0.3, 0.9)
    group, target = reference(
        own.numpy(), joint.numpy(), prediction.numpy(), labels.numpy(), threshold.numpy(), 0.3, 0.9
    )
    assert sets.groups().tolist() == group and set(group) == {0, 1, 2, 3}
    assert sets.target.tolist() == target
    assert torch.equal(sets.used, torch.tensor(group) < 3)
    moved = follow(threshold, own, 0.9)
    np.testing.assert_allclose(moved, 0.9 * threshold.numpy() + 0.1 * own.numpy())
