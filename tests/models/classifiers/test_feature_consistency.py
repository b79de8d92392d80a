import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

import mmnoisy  # noqa: F401
from mmnoisy.models.classifiers.feature_consistency import feature_consistency
from mmnoisy.registry import MODELS
from mmnoisy.stamps import Division, write_division


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='mmnoisy.FeatureConsistencyClassifier',
            channels=8,
            hidden=6,
            projected=5,
            backbone=dict(type='mmnoisy.CNN3', channels=(4, 8, 8)),
            head=dict(type='mmpretrain.LinearClsHead', num_classes=3, in_channels=8),
            step=dict(type='mmnoisy.MixMatchStep', lambda_u=0, labelled_only=True),
            **kwargs,
        )
    )


def samples(labels, labelled):
    result = [DataSample().set_gt_label(label) for label in labels]
    used = torch.tensor(labelled, dtype=torch.bool)[:, None]
    write_division(result, Division(used.float(), used))
    return result


def test_formula_and_gradient():
    rng = np.random.default_rng(0)
    p, z = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    ours, fixed = torch.tensor(p, requires_grad=True), torch.tensor(z, requires_grad=True)
    loss = feature_consistency(ours, fixed)
    norm_p, norm_z = np.linalg.norm(p, axis=1, keepdims=True), np.linalg.norm(z, axis=1, keepdims=True)
    cosine = (p * z).sum(1, keepdims=True) / norm_p / norm_z
    assert loss.item() == pytest.approx(-cosine.mean())
    loss.backward()
    np.testing.assert_allclose(ours.grad, -(z / norm_z - cosine * p / norm_p) / norm_p / 4, rtol=1e-9)
    assert fixed.grad is None


def test_consistency_of_all_and_labels_of_labelled_samples_alone():
    model, inputs = build(consistency_weight=0.5), torch.randn(2, 6, 1, 8, 8)

    def losses(labels, labelled):
        torch.manual_seed(1)
        return model.loss(inputs, samples(labels, labelled))

    used = [1, 1, 0, 1, 0, 0]
    first, second = losses([0, 1, 2, 0, 1, 2], used), losses([0, 1, 0, 0, 2, 1], used)
    assert first['loss_labelled'] == second['loss_labelled'] != losses([1, 1, 2, 0, 1, 2], used)['loss_labelled']
    assert set(first) == {'loss_labelled', 'loss_consistency'}
    assert losses([0] * 6, [1] * 6)['loss_consistency'] == first['loss_consistency']
    # The strong view is predicted from: the weak one's path has no gradient.
    with torch.no_grad():
        weak, strong = (model.projector(model.extract_feat(view)[-1]) for view in inputs)
        expected = -0.5 * torch.cosine_similarity(model.predictor(strong), weak, dim=1).mean()
    torch.testing.assert_close(first['loss_consistency'], expected)
    # Without stamps (warm-up) all labels are used, and every parameter has a gradient.
    model.zero_grad()
    warm = model.loss(inputs, [DataSample().set_gt_label(0) for _ in range(6)])
    (warm['loss'] + warm['loss_consistency']).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_errors():
    with pytest.raises(ValueError, match='consistency_weight must be >= 0'):
        build(consistency_weight=-1)
    with pytest.raises(ValueError, match='two views'):
        build().loss(torch.randn(6, 1, 8, 8), samples([0] * 6, [1] * 6))
