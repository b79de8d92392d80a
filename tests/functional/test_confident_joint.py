import numpy as np
import pytest
import torch

from mmnoisy.functional.confident_joint import class_thresholds, confident_class, confident_joint_rate


def reference_rate(probabilities, labels):
    """Confident joint of the paper's definition, sample by sample in float64."""
    n, k = probabilities.shape
    members = [[i for i in range(n) if labels[i] == j] for j in range(k)]
    threshold = [np.mean([probabilities[i, j] for i in members[j]]) if members[j] else None for j in range(k)]
    joint = np.zeros((k, k))
    for i in range(n):
        reached = [j for j in range(k) if threshold[j] is not None and probabilities[i, j] >= threshold[j]]
        if reached:
            joint[labels[i], max(reached, key=lambda j: probabilities[i, j])] += 1
    scaled = np.zeros((k, k))
    for j in range(k):
        if joint[j].sum():
            scaled[j] = joint[j] / joint[j].sum() * len(members[j])
        else:
            scaled[j, j] = len(members[j])
    return 1 - np.trace(scaled) / scaled.sum()


@pytest.mark.parametrize('empty_class', [False, True])
def test_confident_joint(empty_class):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(5), 200)
    labels = np.where(rng.random(200) < 0.6, probabilities.argmax(1), rng.integers(5, size=200))
    if empty_class:
        labels[labels == 3] = 2
    own = probabilities[np.arange(200), labels]
    thresholds = class_thresholds(own, labels, 5)
    confident = confident_class(torch.as_tensor(probabilities), torch.as_tensor(thresholds)).numpy()
    assert confident_joint_rate(labels, confident, 5) == pytest.approx(reference_rate(probabilities, labels), abs=1e-12)


def test_label_without_confident_samples_counts_as_right():
    assert confident_joint_rate(np.array([0, 0, 1, 1]), np.array([1, 0, -1, -1]), 2) == 0.25
