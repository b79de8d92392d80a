import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.hooks import Hook
from mmengine.model import BaseModule
from scipy.special import softmax

from mmnoisy.engine import AUMHook
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.registry import DATA_SAMPLERS, HOOKS, MODELS
from tests.helpers import ddp, digits_cfg, run_two_ranks, train, train_only

N = 193  # batches of 64: the last batch has one sample


@HOOKS.register_module()
class SpyHook(Hook):
    """Keeps (sample_idx, label, logits) of every training batch."""

    def before_train(self, runner):
        self.seen, self.batches = [], []
        unwrap(runner.model).head.register_forward_hook(
            lambda module, args, output: self.batches.append(output.detach())
        )

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        rows = [(int(s.sample_idx), int(s.gt_label)) for s in data_batch['data_samples']]
        self.seen.append((rows, self.batches.pop().double().numpy()))


@MODELS.register_module()
class FlatBackbone(BaseModule):
    """The pixels: logits of a frozen model then do not depend on the rest of the batch."""

    def forward(self, x):
        return (x.flatten(1),)


@DATA_SAMPLERS.register_module()
class ForgetfulSampler(DefaultSampler):
    """Leaves out row 5."""

    def __iter__(self):
        return (row for row in super().__iter__() if row != 5)

    def __len__(self):
        return super().__len__() - 1


def aum_cfg(work_dir, epochs=2, hook=None, threshold=True, **overrides):
    options = {
        'train_dataloader__dataset__holdout': 0.0,
        'train_dataloader__dataset__source__indices': N,
        'param_scheduler': None,
        'custom_hooks': [
            dict(type='mmnoisy.AUMHook', threshold_class=threshold, **(hook or {})),
            dict(type='mmnoisy.SpyHook'),
        ],
    }
    if threshold:
        options.update(train_dataloader__dataset__threshold_samples=dict(index=0), model__head__num_classes=11)
    return train_only(digits_cfg(work_dir, epochs=epochs, **{**options, **overrides}))


def find(runner, kind):
    return next(hook for hook in runner.hooks if isinstance(hook, kind))


def reference_aum(seen, size):
    """Mean over visits of the margin, sample by sample in float64."""
    found = [[] for _ in range(size)]
    for rows, logits in seen:
        for (index, label), z in zip(rows, logits):
            found[index].append(z[label] - max(z[k] for k in range(len(z)) if k != label))
    return np.array([np.mean(values) for values in found])


@pytest.fixture(scope='module')
def runner(tmp_path_factory):
    return train(aum_cfg(tmp_path_factory.mktemp('aum'), epochs=3))


def test_aum_equals_the_reference(runner):
    hook, spy = find(runner, AUMHook), find(runner, SpyHook)
    assert {len(rows) for rows, _ in spy.seen} == {64, 1}
    np.testing.assert_allclose(hook.aum().numpy(), reference_aum(spy.seen, N), atol=1e-5)
    assert hook.aum().std() > 0.01


def test_probability_margins_and_mean_probabilities(tmp_path):
    runner = train(aum_cfg(tmp_path, hook=dict(probabilities=True)))
    hook, spy = find(runner, AUMHook), find(runner, SpyHook)
    probabilities = [(rows, softmax(z, axis=1)) for rows, z in spy.seen]
    np.testing.assert_allclose(hook.probability_margin().numpy(), reference_aum(probabilities, N), atol=1e-6)
    expected = np.zeros((N, 11))
    for rows, p in probabilities:
        for (index, _), row in zip(rows, p):
            expected[index] += row / 2
    expected = expected[:, :10] / expected[:, :10].sum(1, keepdims=True)
    np.testing.assert_allclose(hook.mean_probabilities().numpy(), expected, atol=1e-6)


def test_a_checkpoint_without_a_column_is_refused(tmp_path):
    train(aum_cfg(tmp_path, epochs=1))
    with pytest.raises(ValueError, match="has no column 'probability_sum'"):
        train(aum_cfg(tmp_path, epochs=2, hook=dict(probabilities=True), resume=True))


def test_aum_equals_the_aum_package(runner, tmp_path):
    import aum as package

    calculator = package.AUMCalculator(str(tmp_path))
    for rows, logits in find(runner, SpyHook).seen:
        index, labels = zip(*rows)
        if len(rows) == 1:  # the package crashes on one sample: the same sample twice
            index, labels, logits = [index[0], -1], labels * 2, np.repeat(logits, 2, 0)
        calculator.update(torch.tensor(logits), torch.tensor(labels), list(index))
    expected = [calculator.sums[i] / calculator.counts[i] for i in range(N)]
    np.testing.assert_allclose(find(runner, AUMHook).aum().numpy(), expected, atol=1e-5)


def test_the_cut_is_the_99th_percentile_of_the_threshold_samples(runner):
    hook, dataset = find(runner, AUMHook), runner.train_dataloader.dataset
    mask, aum = dataset.threshold_mask, hook.aum().numpy()
    assert mask.sum() == N // 11
    score, issues = hook.score().numpy(), hook.issues().numpy()
    assert np.array_equal(np.isnan(score), mask) and not issues[mask].any()
    assert hook.cut() == np.percentile(aum[mask], 99) > np.percentile(aum[mask], 1)
    assert np.array_equal(issues[~mask], aum[~mask] < hook.cut())
    assert 0 < issues.sum() < N
    order = np.argsort(aum[~mask])
    assert (np.diff(score[~mask][order]) >= 0).all() and 0 < score[~mask].min() and score[~mask].max() < 1


@pytest.mark.parametrize(
    'percentile, cut, flagged', [(99, 99, [98.5, 98.9]), (20, 20, []), (100, 100, [98.5, 98.9, 99.5])]
)
def test_the_percentile_is_counted_from_below(percentile, cut, flagged):
    """Threshold samples have AUMs of 0, 1, ..., 100: the 99th percentile is 99."""
    aum = torch.tensor([*range(101), 98.5, 98.9, 99.5, 100.5], dtype=torch.float64)
    hook = AUMHook(threshold_class=True, percentile=percentile)
    hook._threshold_mask = torch.arange(len(aum)) < 101
    hook.known = True  # as after an epoch
    hook.record = dict(margin_sum=2 * aum, count=torch.full((len(aum),), 2))
    assert hook.cut() == cut
    assert aum[hook.issues()].tolist() == flagged


def test_the_prediction_of_the_last_epoch_is_suggested(runner):
    expected = {}
    for rows, logits in find(runner, SpyHook).seen:
        expected.update({index: int(z[:10].argmax()) for (index, _), z in zip(rows, logits)})
    assert find(runner, AUMHook).suggested_labels().tolist() == [expected[index] for index in range(N)]


def test_the_extra_class_is_never_predicted(runner):
    model = runner.model
    with torch.no_grad():
        model.head.fc.bias[-1] = 1e6
    model.eval()
    find(runner, AUMHook).before_run(runner)
    try:
        results = model(torch.randn(5, 1, 8, 8), mode='predict')
    finally:
        find(runner, AUMHook).after_run(runner)
    assert all(result.pred_score.shape == (10,) and result.pred_label < 10 for result in results)


def test_the_forward_hook_is_gone_after_the_run(runner):
    assert all(hook.__name__ != '_catch' for hook in runner.model.head._forward_hooks.values())


def test_without_threshold_samples_the_cut_is_zero(tmp_path):
    hook = find(train(aum_cfg(tmp_path, epochs=1, threshold=False)), AUMHook)
    assert torch.equal(hook.issues(), hook.aum() < 0) and hook.issues().any()


@pytest.mark.parametrize(
    'options, visits',
    [
        (dict(param_scheduler=[dict(type='MultiStepLR', milestones=[2], gamma=0.1)]), 2),
        (dict(hook=dict(begin=1, end=3)), 2),
    ],
)
def test_which_epochs_are_measured(tmp_path, options, visits):
    count = find(train(aum_cfg(tmp_path, epochs=4, **options)), AUMHook).record['count']
    assert (count == visits).all()


def test_a_resumed_run_does_not_measure_after_the_drop(tmp_path):
    drop = [dict(type='MultiStepLR', milestones=[1], gamma=0.1)]
    whole = find(train(aum_cfg(tmp_path / 'whole', epochs=4, param_scheduler=drop)), AUMHook)
    train(aum_cfg(tmp_path / 'parts', epochs=2, param_scheduler=drop))
    parts = find(train(aum_cfg(tmp_path / 'parts', epochs=4, param_scheduler=drop, resume=True)), AUMHook)
    assert (parts.record['count'] == 1).all() and parts.suggested_labels() is None
    assert torch.equal(whole.aum(), parts.aum()) and torch.equal(whole.score().nan_to_num(), parts.score().nan_to_num())


def test_six_epochs_in_two_parts(tmp_path):
    whole = train(aum_cfg(tmp_path / 'whole', epochs=6))
    train(aum_cfg(tmp_path / 'parts', epochs=3))
    parts = train(aum_cfg(tmp_path / 'parts', epochs=6, resume=True))
    for name, column in find(whole, AUMHook).record.items():
        assert torch.equal(column, find(parts, AUMHook).record[name])
    assert torch.equal(find(whole, AUMHook).issues(), find(parts, AUMHook).issues())
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, parts.model.state_dict()[name])


def frozen_cfg(work_dir):
    cfg = aum_cfg(work_dir, optim_wrapper__optimizer__lr=0.0)
    cfg.model.backbone = dict(type='mmnoisy.FlatBackbone')
    cfg.model.head.in_channels = 64
    return cfg


def _aum_of_rank(cfg):
    hook = find(train(ddp(cfg)), AUMHook)
    return hook.aum(), hook.issues(), hook.record['predicted']


@pytest.mark.ddp
def test_a_frozen_network_gives_the_same_on_two_ranks(tmp_path):
    one = find(train(frozen_cfg(tmp_path / 'one')), AUMHook)
    for aum, issues, predicted in run_two_ranks(_aum_of_rank, frozen_cfg(tmp_path / 'two')):
        torch.testing.assert_close(aum, one.aum(), atol=1e-6, rtol=0)
        assert torch.equal(issues, one.issues()) and torch.equal(predicted, one.record['predicted'])


@pytest.mark.parametrize(
    'overrides, message',
    [
        (dict(model__train_cfg=dict(augments=dict(type='Mixup', alpha=1.0))), 'batch augments'),
        (dict(model__head__num_classes=10), 'num_classes=10, but the training set has 11 classes'),
        (dict(train_dataloader__dataset__threshold_samples=None), 'has no threshold samples'),
        (dict(threshold=False, train_dataloader__dataset__threshold_samples=dict(index=0)), 'has threshold samples'),
        (dict(hook=dict(percentile=101)), 'percentile'),
        (dict(hook=dict(epoch=1)), 'epoch'),
    ],
)
def test_refuses_a_bad_setting(tmp_path, overrides, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train(aum_cfg(tmp_path, **overrides))


def test_refuses_samples_that_are_never_seen(tmp_path):
    with pytest.raises(
        RuntimeError, match=r'1 of 193 samples were never seen, the first is sample_idx 5 \(source_idx 5\)'
    ):
        train(aum_cfg(tmp_path, train_dataloader__sampler=dict(type='mmnoisy.ForgetfulSampler')))


@HOOKS.register_module()
class SecondForwardHook(Hook):
    priority = 'VERY_LOW'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        runner.model.head((torch.zeros(2, 8),))


def test_refuses_two_forward_passes_an_iteration(tmp_path):
    cfg = aum_cfg(tmp_path)
    cfg.custom_hooks = [cfg.custom_hooks[0], dict(type='mmnoisy.SecondForwardHook')]
    with pytest.raises(RuntimeError, match=r'64 samples gave logits of shapes \[\(2, 11\), \(64, 11\)\]'):
        train(cfg)
