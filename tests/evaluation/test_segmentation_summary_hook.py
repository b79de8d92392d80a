"""The figures of a segmentation run against predictions made a second time."""

import csv
import json

import numpy as np
import pytest
import torch
from mmpretrain.registry import DATASETS
from mmpretrain.structures import DataSample
from sklearn.metrics import jaccard_score

from mmnoisy.engine.model_parts import unwrap
from mmnoisy.evaluation import MeanIoU
from tests.helpers import digits_cfg, train

BASE = 'segmentation/segmentation-ce_small-unet_30e_digit-scenes.py'


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp('segmentation')
    cfg = digits_cfg(folder, BASE, 2, channels=None, optim_wrapper__optimizer__lr=0.02)
    cfg.model.backbone.channels, cfg.model.head.in_channels = (4, 6), 4
    for part in ('train', 'val'):
        cfg[f'{part}_dataloader'].dataset.source.num_scenes = 40
    cfg.test_dataloader.dataset.num_scenes = 10
    return folder, cfg, train(cfg)


def predict(runner, dataset):
    model = unwrap(runner.model).eval()
    images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))]).float()
    with torch.no_grad():
        return model((images - 55) / 60).argmax(1).numpy()


def miou(label, prediction):
    present = np.union1d(label, prediction)
    return 100 * jaccard_score(label.ravel(), prediction.ravel(), labels=present, average='macro')


def test_figures(run):
    folder, cfg, runner = run
    test, train_set = DATASETS.build(cfg.test_dataloader.dataset), runner.train_dataloader.dataset
    masks = np.stack([test.get_data_info(i)['gt_mask'] for i in range(10)])
    predicted, on_train = predict(runner, test), predict(runner, train_set)
    wrong = train_set.gt_masks != train_set.clean_masks
    with (folder / 'history.csv').open() as file:
        last = list(csv.DictReader(file))[-1]
    assert last.pop('memorised_by') == 'sweep'
    last = {key: float(value) for key, value in last.items()}
    assert last['test_miou'] == pytest.approx(miou(masks, predicted))
    assert last['test_accuracy'] == pytest.approx(100 * (masks == predicted).mean())
    assert last['train_miou'] == pytest.approx(miou(train_set.clean_masks, on_train))
    assert last['train_accuracy'] == pytest.approx(100 * (train_set.gt_masks == on_train).mean())
    assert last['train_memorised'] == pytest.approx(100 * (train_set.gt_masks == on_train)[wrong].mean())
    val = runner.val_dataloader.dataset
    assert last['val_accuracy'] == pytest.approx(miou(val.gt_masks, predict(runner, val)))


def test_summary(run):
    folder, _, runner = run
    summary = json.loads((folder / 'summary.json').read_text())
    with (folder / 'history.csv').open() as file:
        rows = [{k: float(v) for k, v in row.items() if k != 'memorised_by'} for row in csv.DictReader(file)]
    best = max(rows, key=lambda row: row['val_accuracy'])
    assert summary['test_miou_last'] == pytest.approx(rows[-1]['test_miou'])
    assert summary['test_miou_at_best_val'] == pytest.approx(best['test_miou'])
    assert summary['noise'] == runner.train_dataloader.dataset.noise_summary()


def test_mean_iou_ignores_unknown_pixels():
    rng = np.random.default_rng(0)
    label, prediction = rng.integers(0, 3, (2, 4, 6, 6))
    label[:, 0] = 255
    metric = MeanIoU()
    for rows in (slice(0, 3), slice(3, 4)):
        samples = [DataSample() for _ in label[rows]]
        for sample, given, found in zip(samples, label[rows], prediction[rows]):
            sample.set_field(given, 'gt_mask')
            sample.set_field(torch.as_tensor(found), 'pred_mask')
            sample.set_field(torch.zeros(3, 6, 6), 'pred_score')
        metric.process(None, [sample.to_dict() for sample in samples])
    known = label != 255
    found = metric.evaluate(4)
    assert found['segmentation/miou'] == pytest.approx(miou(label[known], prediction[known]))
    assert found['segmentation/accuracy'] == pytest.approx(100 * (label == prediction)[known].mean())
