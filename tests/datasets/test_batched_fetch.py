import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate

from mmnoisy.engine.sweep import with_pipeline
from mmnoisy.registry import DATASETS

PACK = [dict(type='PackInputs')]


def build(pipeline=PACK, **kwargs):
    return DATASETS.build(
        dict(
            type='mmnoisy.LabelNoise',
            source=dict(type='mmnoisy.Digits'),
            noise=dict(kind='symmetric', rate=0.4),
            pipeline=pipeline,
            **kwargs,
        )
    )


def assert_equal(left, right):
    left, right = default_collate(left), default_collate(right)
    assert torch.equal(left['inputs'], right['inputs']) and left['inputs'].dtype == right['inputs'].dtype
    for one, other in zip(left['data_samples'], right['data_samples']):
        assert torch.equal(one.gt_label, other.gt_label) and one.gt_label.dtype == other.gt_label.dtype
        assert one.metainfo == other.metainfo
        assert set(one.keys()) == set(other.keys())


def test_a_batch_equals_its_samples():
    dataset = build(holdout=0.1)
    indices = [5, 0, len(dataset) - 1, 5]
    assert_equal(dataset.__getitems__(indices), [dataset[i] for i in indices])
    assert dataset._stacked['images'].shape == (len(dataset), 1, 8, 8)


def test_colour_images_become_channels_first():
    dataset = build()
    images = np.random.default_rng(0).integers(0, 256, (8, 5, 6, 3), dtype=np.uint8)
    dataset.source_idx, dataset.gt_labels = dataset.source_idx[:8], dataset.gt_labels[:8]
    get_data_info = dataset.get_data_info
    dataset.get_data_info = lambda i: dict(get_data_info(i), img=images[i])
    assert_equal(dataset.__getitems__([3, 1]), [dataset[3], dataset[1]])


@pytest.mark.parametrize('pipeline', [[dict(type='PackInputs', meta_keys=('sample_idx', 'source_idx'))], []])
def test_other_pipelines_run_for_each_sample(pipeline):
    dataset = build(pipeline)
    batch = dataset.__getitems__([1, 2])
    assert 'images' not in dataset._stacked
    if pipeline:
        assert batch[1]['data_samples'].source_idx == 2
    else:
        assert batch[1]['source_idx'] == 2


def test_option_turns_it_off():
    dataset = build(batched=False)
    assert_equal(dataset.__getitems__([1]), [dataset[1]])
    assert dataset._stacked['images'] is None


def test_views_of_a_data_set_share_the_images():
    dataset = build()
    view = with_pipeline(dataset, PACK)
    view.__getitems__([0])
    assert dataset._stacked['images'] is view._stacked['images'] is not None
