"""ADELEHook: what it measures, when it corrects what, resume, two ranks."""

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.engine import ADELEHook
from mmnoisy.engine.hooks.adele_hook import corrected
from mmnoisy.engine.model_parts import unwrap
from mmnoisy.engine.preflight import PreflightError
from mmnoisy.functional.pixel_scores import confusion, iou_of
from mmnoisy.stamps import read_masks
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train

BASE = 'segmentation/segmentation-adele_small-unet_30e_digit-scenes.py'
# The background, 0, comes with it.
OF_CLASS = [2, 3]


def config(work_dir, epochs=2, **overrides):
    cfg = digits_cfg(work_dir, BASE, epochs, channels=None, **overrides)
    cfg.model.backbone.channels, cfg.model.head.in_channels = (4, 6), 4
    for part in ('train', 'val'):
        cfg[f'{part}_dataloader'].dataset.source.update(num_scenes=20, kinds=4)
    cfg.test_dataloader.dataset.update(num_scenes=6, kinds=4)
    cfg.model.head.num_classes = 5
    cfg.default_hooks.summary.update(interval=100, train_interval=0)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.custom_hooks[-1].update(change=0.9, confidence=0.0, again=False, scales=(0.9, 1.0, 1.1))
    return cfg


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, ADELEHook))


class Spy(Hook):
    """Declares two classes memorised before epoch 1, predicts a second time, and keeps what is learnt from."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.learnt = {}

    def before_train(self, runner):
        self.hook = hook_of(runner)
        due = np.isin(np.arange(5), OF_CLASS)
        self.hook._due = lambda device: due & (runner.epoch == 1)

    @torch.no_grad()
    def before_train_epoch(self, runner):
        if runner.epoch != 1:
            return
        model, dataset = unwrap(runner.model).eval(), runner.train_dataloader.dataset
        images = (torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float() - 55) / 60
        total = 0
        for scale in self.hook.scales:
            side = round(32 * scale)
            views = torch.nn.functional.interpolate(images, size=(side, side), mode='bilinear')
            logits = torch.nn.functional.interpolate(model(views), size=(32, 32), mode='bilinear')
            total = total + logits.softmax(1) / len(self.hook.scales)
        self.mean = total
        model.train()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        samples = data_batch['data_samples']
        for sample, mask in zip(samples, read_masks(samples)):
            self.learnt[runner.epoch, int(sample.sample_idx)] = mask


def by_hand(given, mean, confidence):
    """Each pixel on its own: from the background or a class that is due into another of these, if its image has that one."""
    classes, expected = {0, *OF_CLASS}, given.clone()
    for i, row, column in np.ndindex(*given.shape):
        scores = mean[i, :, row, column]
        new = int(scores.argmax())
        possible = (set(given[i].unique().tolist()) | {0}) & classes
        if int(given[i, row, column]) in classes and new in possible and scores[new] > confidence:
            expected[i, row, column] = new
    return expected


def test_pixels_change_between_corrected_classes_of_their_image_alone():
    """By hand: class 1 is not corrected, 3 is not in the image, 255 is no class, 0.4 is not sure enough."""
    given = torch.tensor([[[0, 0, 2, 2, 1, 255, 2, 0]]], dtype=torch.uint8)
    prediction = torch.tensor([[[2, 3, 0, 1, 2, 2, 0, 2]]])
    confidence = torch.tensor([[[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.4, 0.9]]])
    classes = torch.tensor([True, False, True, True])
    found = corrected(given, prediction, confidence, classes, background=0, least=0.5)
    assert found.tolist() == [[[2, 0, 0, 2, 1, 255, 2, 2]]] and found.dtype == torch.uint8
    everywhere = torch.full((1, 1, 8), 0)
    assert corrected(given, everywhere, confidence, classes, 0, 0.5).tolist() == [[[0, 0, 0, 0, 1, 255, 2, 0]]]


def test_corrects_the_classes_that_are_due_and_stamps(tmp_path):
    runner, spy = build_runner(config(tmp_path)), Spy()
    runner.register_hook(spy)
    runner.train()
    hook, dataset = hook_of(runner), runner.train_dataloader.dataset
    given = torch.tensor(dataset.gt_masks).long()
    expected = by_hand(given, spy.mean, hook.confidence)
    assert (expected != given).any() and hook.corrected_in.tolist() == [1, -1, 1, 1, -1]
    assert torch.equal(hook.masks.long(), expected)
    for i in range(len(dataset)):
        assert torch.equal(spy.learnt[0, i], given[i]) and torch.equal(spy.learnt[1, i], expected[i])
    # The data set itself does not change.
    assert torch.equal(torch.tensor(dataset.gt_masks).long(), given)


def test_only_what_is_sure_is_corrected(tmp_path):
    cfg = config(tmp_path)
    cfg.custom_hooks[-1].confidence = 0.999
    runner, spy = build_runner(cfg), Spy()
    runner.register_hook(spy)
    runner.train()
    hook = hook_of(runner)
    assert spy.mean.max() < 0.999 and torch.equal(hook.masks, hook._given) and hook.corrected_in[2] == 1


class Still(Hook):
    """The IoU of the training passes of an epoch, by hand, of a model that does not learn."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        model = unwrap(runner.model)
        with torch.no_grad():
            logits = model(model.data_preprocessor(data_batch, True)['inputs'])
        given = np.stack([sample.gt_mask for sample in data_batch['data_samples']])
        counts = confusion(given, logits.argmax(1).numpy(), 5)
        self.counts = getattr(self, 'counts', 0) + counts


def test_history_is_the_agreement_with_the_given_labels(tmp_path):
    cfg = config(tmp_path, epochs=1)
    cfg.optim_wrapper.optimizer.lr = 0.0
    runner, still = build_runner(cfg), Still()
    runner.register_hook(still, priority='LOWEST')
    runner.train()
    hook = hook_of(runner)
    np.testing.assert_allclose(hook.history, np.nan_to_num(iou_of(still.counts)[0])[None], atol=1e-12)


@pytest.fixture
def straight(tmp_path, monkeypatch):
    """Four epochs in which every class is found after the second."""
    monkeypatch.setattr('mmnoisy.engine.hooks.adele_hook.is_memorising', lambda iou, change: len(iou) == 2)
    cfg = config(tmp_path / 'straight', epochs=4)
    return cfg, train(cfg)


def test_resume(straight, tmp_path):
    cfg, runner = straight
    whole = hook_of(runner)
    assert whole.history.shape == (4, 5) and (whole.corrected_in == 2).all()
    cfg = cfg.copy()
    cfg.resume, cfg.load_from, cfg.work_dir = True, f'{cfg.work_dir}/epoch_3.pth', str(tmp_path / 'resumed')
    resumed = hook_of(train(cfg))
    np.testing.assert_allclose(resumed.history, whole.history, atol=1e-6)
    assert (resumed.corrected_in == whole.corrected_in).all() and torch.equal(resumed.masks, whole.masks)


def test_resume_with_other_masks_is_refused(straight, tmp_path):
    cfg = straight[0].copy()
    cfg.train_dataloader.dataset.seed = 1
    cfg.resume, cfg.load_from, cfg.work_dir = True, f'{cfg.work_dir}/epoch_3.pth', str(tmp_path / 'resumed')
    with pytest.raises(ValueError, match='other labels or another split|other masks'):
        train(cfg)


def _ranks(cfg):
    hook = hook_of(train(ddp(cfg)))
    return hook.history, hook.corrected_in, hook.masks


@pytest.mark.ddp
def test_two_ranks_agree(tmp_path):
    cfg = config(tmp_path, epochs=4)
    cfg.custom_hooks[-1].change = 0.01
    cfg.optim_wrapper.optimizer.lr = 0.02
    cfg.train_dataloader.batch_size = 4
    first, second = run_two_ranks(_ranks, cfg)
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all() and torch.equal(first[2], second[2])
    assert (first[1] >= 0).any()


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(train_dataloader__dataset=dict(type='mmnoisy.Digits', _delete_=True)), 'needs masks: a mmnoisy.MaskNoise'),
        (
            dict(train_dataloader__dataset__pipeline=[dict(type='RandomFlip', prob=0.5), dict(type='PackInputs',
             algorithm_keys=['gt_mask'])]),
            'corrects pixels by their place, which RandomFlip',
        ),
        (dict(model__head=dict(type='LinearClsHead', num_classes=5, in_channels=4, _delete_=True)), 'with a mmnoisy.PixelHead'),
    ],
)  # fmt: skip
def test_preflight(tmp_path, change, message):
    cfg = config(tmp_path)
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in change.items()})
    with pytest.raises(PreflightError, match=message):
        train(cfg)


@pytest.mark.parametrize('args', [dict(change=1.0), dict(confidence=1.0), dict(scales=()), dict(scales=(0.0,))])
def test_bad_arguments(args):
    with pytest.raises(ValueError, match='ADELEHook: change must be'):
        ADELEHook(**args)
