import pytest
import torch
from mmpretrain.structures import DataSample

from mmnoisy.models.data_preprocessors import BatchView
from mmnoisy.models.data_preprocessors.batch_views import random_crop_flip, random_cutout
from mmnoisy.registry import MODELS

IMAGES = torch.randint(1, 256, (300, 3, 6, 5), dtype=torch.uint8)


def preprocessor(**kwargs):
    return MODELS.build(dict(type='mmnoisy.MultiViewDataPreprocessor', mean=[10.0], std=[2.0], **kwargs))


def batch(inputs):
    size = len(inputs[0]) if isinstance(inputs, list) else len(inputs)
    return dict(inputs=inputs, data_samples=[DataSample().set_gt_label(i % 7) for i in range(size)])


@pytest.mark.parametrize('mode', ['constant', 'reflect'])
def test_crops_are_windows_of_the_padded_image_and_all_places_occur(mode):
    padded = torch.nn.functional.pad(IMAGES.float(), [1] * 4, mode=mode)
    found = set()
    for image, cut in zip(padded, random_crop_flip(IMAGES, 1, mode=mode)):
        places = {
            (y, x) for y in range(3) for x in range(3) if torch.equal(image[:, y : y + 6, x : x + 5], cut.float())
        }
        assert places
        found |= places
    assert len(found) == 9


def test_each_image_is_flipped_or_not():
    flipped = (random_crop_flip(IMAGES, 0, 0.5) == IMAGES.flip(3)).flatten(1).all(1)
    same = (random_crop_flip(IMAGES, 0, 0.0) == IMAGES).all()
    assert same and 0.35 < flipped.float().mean() < 0.65


@pytest.mark.parametrize('mode', ['constant', 'reflect'])
def test_crop_and_flip_equal_a_loop_over_images_with_the_same_draws(mode):
    torch.manual_seed(3)
    found = random_crop_flip(IMAGES, 2, 0.5, mode)
    torch.manual_seed(3)
    places, chosen = torch.randint(0, 5, (2, 300)), torch.rand(300) < 0.5
    padded = torch.nn.functional.pad(IMAGES.float(), [2] * 4, mode=mode).to(torch.uint8)
    for image, cut, top, left, flip in zip(padded, found, *places, chosen):
        expected = image[:, top : top + 6, left : left + 5]
        assert torch.equal(cut, expected.flip(2) if flip else expected)
    # Images that lie in memory with channels last give the same.
    torch.manual_seed(3)
    assert torch.equal(random_crop_flip(IMAGES.to(memory_format=torch.channels_last), 2, 0.5, mode), found)


def test_crop_and_flip_are_independent():
    places = torch.arange(1, 10, dtype=torch.uint8).view(1, 1, 3, 3).expand(4000, 1, 3, 3).contiguous()
    found = random_crop_flip(places, 1, 0.5).flatten(1).unique(dim=0)
    # 9 windows, each in two directions.
    assert len(found) == 18


def test_cutout_covers_one_square():
    covered = (random_cutout(IMAGES + 0, 3, fill=0) == 0).all(1)
    rows, columns = covered.any(2).sum(1), covered.any(1).sum(1)
    assert torch.equal(rows * columns, covered.sum((1, 2)))
    assert rows.max() == columns.max() == 3 and rows.min() == 2


def test_rand_augment_changes_images_and_keeps_their_places():
    images = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(40, 3, 8, 8).contiguous() * 5
    view = BatchView(rand_augment=dict(num_ops=1, magnitude=0, group=4))
    # Magnitude 0 leaves most operations without effect: each image must still be where it was.
    assert (view(images).flatten(1).float().mean(1) == images.flatten(1).float().mean(1)).float().mean() > 0.5
    noise = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8)
    strong = BatchView(rand_augment=dict(num_ops=2, magnitude=20))(noise)
    assert strong.dtype == torch.uint8 and (strong != noise).flatten(1).any(1).float().mean() > 0.5


def test_views_are_batched_and_normalised():
    views = preprocessor(views=[dict(padding=1), dict(flip=1.0)])
    out = views(batch(IMAGES), training=True)
    assert out['inputs'].shape == (2, 300, 3, 6, 5)
    assert torch.equal(out['inputs'][1], (IMAGES.flip(3).float() - 10) / 2)
    assert [int(sample.gt_label) for sample in out['data_samples'][5:9]] == [5, 6, 0, 1]
    plain = views(batch(IMAGES), training=False)
    assert torch.equal(plain['inputs'], (IMAGES.float() - 10) / 2)


def test_views_of_the_pipeline():
    out = preprocessor()(batch([IMAGES, IMAGES.flip(3)]), training=True)
    assert torch.equal(out['inputs'], torch.stack([IMAGES, IMAGES.flip(3)]).float().sub(10).div(2))
    assert [int(sample.gt_label) for sample in out['data_samples'][:3]] == [0, 1, 2]


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 7.0]),
        dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 7.0], to_rgb=True, pad_size_divisor=8, pad_value=9),
    ],
)
def test_normalisation_equals_upstream_to_the_bit(options):
    upstream = MODELS.build(dict(type='mmpretrain.ClsDataPreprocessor', **options))
    ours = MODELS.build(dict(type='mmnoisy.MultiViewDataPreprocessor', **options))
    views = [IMAGES, IMAGES.flip(2)]
    expected = torch.stack([upstream(batch(view), True)['inputs'] for view in views])
    assert torch.equal(ours(batch(views), True)['inputs'], expected)
    assert torch.equal(ours(batch(IMAGES), True)['inputs'], expected[0])


def test_one_view_has_no_view_dimension():
    assert preprocessor(views=[dict(padding=1)])(batch(IMAGES), True)['inputs'].shape == IMAGES.shape
    assert preprocessor()(batch(IMAGES), True)['inputs'].shape == IMAGES.shape
    assert preprocessor()(batch([IMAGES]), True)['inputs'].shape == IMAGES.shape


def test_refused():
    with pytest.raises(ValueError, match='batch_augments'):
        preprocessor(batch_augments=dict(augments=[dict(type='Mixup', alpha=1.0)]))
    with pytest.raises(ValueError, match='already gives several views'):
        preprocessor(views=[dict()])(batch([IMAGES, IMAGES]), True)
    with pytest.raises(TypeError, match='uint8'):
        preprocessor(views=[dict()])(batch(IMAGES.float()), True)
    with pytest.raises(ValueError, match='padding'):
        preprocessor(views=[dict(padding=-1)])
