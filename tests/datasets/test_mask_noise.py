"""Scenes made of digits, and MaskNoise around them."""

import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from mmnoisy.functional.pixel_scores import confusion

SCENES = dict(type='mmnoisy.DigitScenes', num_scenes=20, kinds=4)
NOISE = [dict(kind='objects', transition=dict(kind='symmetric', rate=0.3)), dict(kind='drop', rate=0.2)]
PIPELINE = [dict(type='mmpretrain.PackInputs', algorithm_keys=['gt_mask'])]


def build(noise=NOISE, source=SCENES, **args):
    args.setdefault('pipeline', PIPELINE)
    return DATASETS.build(dict(type='mmnoisy.MaskNoise', source=source, noise=noise, **args))


def test_scenes():
    scenes = DATASETS.build(dict(SCENES, digits=(3, 6), kinds=3))
    assert scenes.metainfo['classes'] == ('background', '0', '1', '2')
    infos = [scenes.get_data_info(i) for i in range(20)]
    assert {info['img'].shape for info in infos} == {info['gt_mask'].shape for info in infos} == {(32, 32)}
    assert {int(value) for info in infos for value in np.unique(info['gt_mask'])} == {0, 1, 2, 3}
    again, other = DATASETS.build(dict(SCENES, digits=(3, 6), kinds=3)), DATASETS.build(dict(SCENES, seed=1))
    assert all((again.get_data_info(i)['img'] == info['img']).all() for i, info in enumerate(infos))
    assert (other.get_data_info(0)['img'] != infos[0]['img']).any()
    # What is marked is bright, the rest is the noise of the canvas or the dark part of a digit.
    for info in infos:
        assert info['img'][info['gt_mask'] > 0].min() > 60 >= info['img'][info['gt_mask'] == 0].max()


def test_train_and_test_scenes_share_no_digit():
    train, test = (DATASETS.build(dict(SCENES, split=split)).images for split in ('train', 'test'))
    rows = [{info['img'].tobytes() for info in images} for images in (train, test)]
    assert len(rows[0]) > 500 and len(rows[1]) > 100 and not rows[0] & rows[1]


@pytest.mark.parametrize('args', [dict(digits=(3, 9)), dict(digits=(0, 2)), dict(kinds=11), dict(split='val')])
def test_bad_scenes(args):
    with pytest.raises(ValueError, match='DigitScenes|Digits: split'):
        DATASETS.build(dict(SCENES, **args))


def test_noise_is_fixed_and_parts_are_parts_of_one():
    whole = build(part='all')
    parts = [build(part=part, holdout=0.25) for part in ('train', 'val')]
    assert [len(part) for part in parts] == [15, 5]
    assert sorted(np.concatenate([part.source_idx for part in parts])) == list(range(20))
    for part in (*parts, build(part='all')):
        assert (part.gt_masks == whole.gt_masks[part.source_idx]).all()
    assert (build(part='all', seed=1).gt_masks != whole.gt_masks).any()
    assert parts[0].checksum == parts[1].checksum != build(source=dict(SCENES, seed=1)).checksum


def test_what_a_sample_holds():
    dataset = build(holdout=0.25, part='val')
    info = dataset.get_data_info(2)
    assert info['sample_idx'] == 2 and info['source_idx'] == dataset.source_idx[2]
    assert (info['clean_mask'] == dataset.source.get_data_info(info['source_idx'])['gt_mask']).all()
    sample = dataset[2]['data_samples']
    assert (sample.gt_mask == dataset.gt_masks[2]).all() and 'clean_mask' not in sample
    plain = build(noise=())
    assert plain.clean_masks is None and plain.noise_summary() is None


def test_the_realised_rates():
    dataset = build(part='all')
    found = dataset.noise_summary()
    assert found['kind'] == 'objects+drop' and found['num_samples'] == 20
    counts = confusion(dataset.clean_masks, dataset.gt_masks, 5)
    right = counts.diagonal() / counts.sum(1)
    assert found['by_class'] == pytest.approx(1 - right)
    assert found['realised_rate'] == pytest.approx(1 - counts.trace() / counts.sum())
    assert 0.2 < found['dropped'] < found['objects'] < 0.5


@pytest.mark.parametrize(
    'args, message',
    [
        (dict(part='test'), 'part must be one of'),
        (dict(part='val'), 'above 0 for val'),
        (dict(holdout=0.99), 'is empty'),
        (dict(seed=-1), 'seed must be'),
        (dict(noise=[dict(kind='drop')]), "needs the option 'rate'"),
        (dict(source=dict(type='mmnoisy.Digits')), "'gt_mask'"),
    ],
)
def test_bad_options(args, message):
    with pytest.raises((ValueError, KeyError), match=message):
        build(**args)


def test_a_pipeline_that_fails_names_the_sample():
    dataset = build(pipeline=[dict(type='mmpretrain.PackInputs', input_key='image')])
    dataset.pipeline.transforms[0].transform = lambda info: 1 / 0
    with pytest.raises(RuntimeError, match='Cannot load sample 0 .row 0 of DigitScenes.: ZeroDivisionError'):
        dataset[0]
