import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from torch.utils.data import DataLoader, Subset

from mmnoisy.datasets import collate_batch
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
    left, stacked, right = collate_batch(left), default_collate(left), default_collate(right)
    assert torch.equal(left['inputs'], stacked['inputs']) and len(left['data_samples']) == len(stacked['data_samples'])
    assert torch.equal(left['inputs'], right['inputs']) and left['inputs'].dtype == right['inputs'].dtype
    for one, other in zip(left['data_samples'], right['data_samples']):
        assert torch.equal(one.gt_label, other.gt_label) and one.gt_label.dtype == other.gt_label.dtype
        assert one.metainfo == other.metainfo
        assert set(one.keys()) == set(other.keys())


def test_a_batch_equals_its_samples():
    dataset = build(holdout=0.1)
    indices = [5, 0, len(dataset) - 1, 5]
    assert_equal(dataset.__getitems__(indices), [dataset[i] for i in indices])
    assert dataset._stacked['images'][0].shape == (len(dataset), 1, 8, 8)


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


@pytest.mark.parametrize('workers', [0, 1])
def test_a_loader_gives_the_same_with_and_without_batched_fetch(workers):
    def batches(collate, **options):
        data = Subset(build(holdout=0.1, **options), range(4, 14))
        return list(DataLoader(data, 4, collate_fn=collate, num_workers=workers))

    fetched, single = batches(collate_batch), batches(default_collate, batched=False)
    assert len(fetched) == len(single) == 3
    for one, other in zip(fetched, single):
        assert torch.equal(one['inputs'], other['inputs'])
        assert [s.to_dict() for s in one['data_samples']] == [s.to_dict() for s in other['data_samples']]


def test_fields_can_be_stamped_like_those_of_other_samples():
    batched, single = build().__getitems__([3])[0]['data_samples'], build()[3]['data_samples']
    for sample in (batched, single):
        sample.set_gt_label(2).set_gt_score(torch.eye(10)[2])
        sample.p_clean = torch.tensor([0.5])
    assert set(batched.keys()) == set(single.keys()) and batched.metainfo == single.metainfo
    assert int(batched.gt_label) == 2 and 'p_clean' in batched.clone() and batched.cpu().gt_score[2] == 1
