import random
import shutil

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError, kept_random_state, refuse
from mmnoisy.engine.run_checks import absent_classes, find_problems
from mmnoisy.registry import HOOKS
from tests.helpers import build_runner, digits_cfg, train

DIVIDEMIX = 'dividemix/dividemix_cnn3_60e_digits-sym40.py'
EMA = dict(type='EMAHook', momentum=0.1)


def ready(cfg):
    """A runner with its loops and hooks, as it is before the first batch."""
    runner = build_runner(cfg)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    if runner._val_loop is not None:
        runner._val_loop = runner.build_val_loop(runner._val_loop)
    return runner


def problems(work_dir, base='ce/ce_cnn3_60e_digits-sym40.py', epochs=20, **overrides):
    return find_problems(ready(digits_cfg(work_dir, base, epochs, **overrides)))


@pytest.mark.parametrize(
    'base',
    [
        'ce/ce_cnn3_60e_digits-sym40.py',
        DIVIDEMIX,
        'elr_plus/elr_plus_cnn3_60e_digits-sym40.py',
        'sop_plus/sop_plus_cnn3_60e_digits-sym40.py',
        'smp/smp_cnn3_60e_digits-sym40.py',
        'forward/forward_cnn3_60e_digits-sym40.py',
    ],
)
def test_nothing_is_wrong_with_the_methods_own_configs(tmp_path, base):
    assert problems(tmp_path, base, channels=None) == []


MULTI_LABEL = dict(type='MultiLabelLinearClsHead', num_classes=10, in_channels=8, _delete_=True)
ARCFACE = dict(type='ArcFaceClsHead', num_classes=10, in_channels=8, _delete_=True)
BIG = dict(train_dataloader__batch_size=5000, train_dataloader__drop_last=True)


@pytest.mark.parametrize(
    'overrides, message',
    [
        # Classes.
        (
            dict(model__head__num_classes=12),
            r'model.head.num_classes=12, but the training set has 10 classes: set it to 10',
        ),
        (dict(model__head__num_classes=9), 'model.head.num_classes=9, but'),
        (
            dict(model__head__loss=dict(type='mmnoisy.ELRLoss', num_classes=7, _delete_=True)),
            r'model.head.loss.num_classes=7, but',
        ),
        (
            dict(data_preprocessor__num_classes=8, model__train_cfg=dict(augments=dict(type='Mixup', alpha=1.0))),
            r'data_preprocessor.num_classes=8, but',
        ),
        (
            dict(base=DIVIDEMIX, channels=None, model__network__head__num_classes=11),
            r'model.network.head.num_classes=11, but',
        ),
        # Views.
        (
            dict(base=DIVIDEMIX, channels=None, data_preprocessor__views=[dict(padding=1)]),
            r'DivideMix needs two views of each sample, but the batch has the shape \(2, 1, 8, 8\)',
        ),
        # Batches.
        (BIG, 'There would be no batch: the training set has .* batch_size=5000 and drop_last=True'),
        # Heads, averages.
        (dict(model__head=MULTI_LABEL), 'model.head is a MultiLabelLinearClsHead'),
        (
            dict(model__head=ARCFACE, custom_hooks=[dict(type='mmnoisy.AUMHook')]),
            'ArcFaceClsHead takes a margin off the logit of the given label',
        ),
        (
            dict(base='elr_plus/elr_plus_cnn3_60e_digits-sym40.py', channels=None, custom_hooks=[EMA]),
            'ELRPlus keeps averages of its networks itself',
        ),
        # Splits.
        (dict(val_dataloader__dataset__source__indices=500), 'parts of different data .1437 and 500 samples'),
        (dict(val_dataloader__dataset__seed=1), 'validation samples are trained on, the first is source_idx'),
        (dict(val_dataloader__dataset__holdout=0.3), 'validation samples are trained on'),
        (
            dict(
                train_dataloader__dataset__holdout=0.0,
                val_dataloader__dataset__part='train',
                val_dataloader__dataset__holdout=0.0,
            ),
            'val_dataloader reads the samples that are trained on',
        ),
        # Length.
        (dict(base=DIVIDEMIX, channels=None, epochs=10), 'CoDivideHook: warmup_epochs=10, but training ends after 10'),
        (
            dict(base='forward/forward_cnn3_60e_digits-sym40.py', epochs=15),
            'TransitionHook: end=15, but training ends after 15 epochs',
        ),
        (
            dict(custom_hooks=[dict(type='mmnoisy.AUMHook', begin=20)]),
            'AUMHook: begin=20, but training ends after 20 epochs',
        ),
        # A recipe.
        (dict(stages=[dict(name='measure'), dict(name='train')]), r'recipe of several stages .measure, train.'),
    ],
)
def test_what_is_wrong_is_found_before_the_first_batch(tmp_path, overrides, message):
    found = problems(tmp_path, **overrides)
    assert len(found) == 1
    with pytest.raises(PreflightError, match=message):
        refuse(found)


@pytest.mark.parametrize(
    'base, names',
    [
        ('ce/ce_cnn3_60e_digits-sym40.py', []),
        (DIVIDEMIX, ['CoDivideHook']),
        ('forward/forward_cnn3_60e_digits-sym40.py', ['TransitionHook']),
    ],
)
def test_hooks_that_work_by_epochs_refuse_a_loop_by_iterations(tmp_path, base, names):
    cfg = digits_cfg(tmp_path, base, channels=None)
    cfg.train_cfg = dict(by_epoch=False, max_iters=10, val_interval=5)
    text = 'works by epochs: set train_cfg=dict(by_epoch=True, max_epochs=...).'
    assert find_problems(ready(cfg)) == [f'{name} {text}' for name in names]


def test_everything_stands_in_one_list_and_no_batch_is_trained_on(tmp_path):
    cfg = digits_cfg(
        tmp_path,
        DIVIDEMIX,
        channels=None,
        epochs=3,
        data_preprocessor__views=[dict()],
        val_dataloader__dataset__seed=1,
        train_dataloader__sampler=dict(type='DefaultSampler', shuffle=True),
        model__network__head__num_classes=12,
    )
    runner = build_runner(cfg)
    with pytest.raises(PreflightError) as caught:
        runner.train()
    text = str(caught.value)
    assert text.startswith('5 things are wrong with this run:\n  1. ')
    for part in ('num_classes=12', 'two views', 'are trained on', 'warmup_epochs=10', 'fills batches from streams'):
        assert part in text
    assert runner.iter == 0 and not list(tmp_path.glob('*.pth'))


@pytest.mark.parametrize('rest, expected', [(1, 1), (0, 0), (2, 0)])
def test_a_last_batch_of_one_image_under_batchnorm(tmp_path, rest, expected):
    overrides = {
        'train_dataloader__dataset__holdout': 0.0,
        'train_dataloader__dataset__source__indices': 96 + rest,
        'train_dataloader__batch_size': 32,
        'val_dataloader': None,
        'val_cfg': None,
        'val_evaluator': None,
        'model__backbone': dict(
            type='ResNet', depth=18, stem_channels=8, base_channels=8, in_channels=1, _delete_=True
        ),
        'model__neck': dict(type='GlobalAveragePooling'),
        'model__head__in_channels': 64,
    }
    cfg = digits_cfg(tmp_path, channels=None, **overrides)
    runner = ready(cfg)
    before = {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}
    found = find_problems(runner)
    assert len(found) == expected
    if expected:
        assert 'The last batch of an epoch (97 samples) is one image' in found[0] and 'drop_last=True' in found[0]
        with pytest.raises(ValueError, match='Expected more than 1 value per channel'):
            del cfg.default_hooks['preflight']
            train(cfg)
    # Looking changed nothing.
    assert all(torch.equal(value, before[name]) for name, value in unwrap(runner.model).state_dict().items())
    assert unwrap(runner.model).training


def test_maps_larger_than_a_pixel_survive_a_batch_of_one(tmp_path):
    assert problems(tmp_path, train_dataloader__batch_size=1) == []


def test_a_work_dir_that_cannot_be_written_to(tmp_path):
    runner = ready(digits_cfg(tmp_path / 'run'))
    shutil.rmtree(tmp_path / 'run')
    assert ['cannot be written to' in problem for problem in find_problems(runner)] == [True]


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    runner = ready(digits_cfg(tmp_path))

    def broken(info):
        raise OSError('no such file')

    runner.train_dataloader.dataset.pipeline = broken
    (problem,) = find_problems(runner)
    assert 'The first samples cannot be made into a batch' in problem and 'Cannot load sample 0' in problem


def test_a_class_without_validation_images_is_named(tmp_path):
    runner = ready(digits_cfg(tmp_path))
    assert absent_classes(runner) == []
    labels = runner.val_dataloader.dataset.gt_labels
    labels[labels == 3] = 4
    (warning,) = absent_classes(runner)
    assert warning.startswith('No validation image is labelled as 3:')


@HOOKS.register_module()
class PickyHook(Hook):
    def preflight(self, runner):
        return ['PickyHook: never content.']


def test_a_hook_adds_its_own_check(tmp_path):
    with pytest.raises(PreflightError, match='PickyHook: never content.'):
        train(digits_cfg(tmp_path, custom_hooks=[dict(type='mmnoisy.PickyHook')]))


def test_random_states_are_kept():
    states = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()
    with kept_random_state():
        random.random(), np.random.rand(3), torch.rand(3)
    assert random.getstate() == states[0] and (np.random.get_state()[1] == states[1]).all()
    assert torch.equal(torch.get_rng_state(), states[2])


def test_one_problem_is_no_list():
    refuse([])
    with pytest.raises(PreflightError, match='^only this$'):
        refuse(['only this', 'only this'])
