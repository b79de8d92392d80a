import cv2
import numpy as np
import pytest

from mmnoisy.datasets import PackedImages
from mmnoisy.registry import DATASETS


@pytest.fixture
def packed(tmp_path):
    """Two files of 3 and 4 images of 5 x 6, and three columns of labels."""
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 6, 3), dtype=np.uint8)
    encoded = [cv2.imencode('.png', image[..., ::-1])[1] for image in images]
    for name, part in (('a', encoded[:3]), ('b', encoded[3:])):
        np.savez(tmp_path / f'{name}.npz', files=np.concatenate(part), offset=np.cumsum([0, *map(len, part)]))
    np.savez(
        tmp_path / 'labels.npz',
        clean_label=np.arange(7, dtype=np.uint8) % 3,
        worse_label=np.full(7, 2, np.uint8),
        test_label=np.zeros(9, np.uint8),
    )
    options = dict(files=['a.npz', 'b.npz'], label_file='labels.npz', label='worse_label', data_root=str(tmp_path))
    return images, options


def test_images_and_labels_in_order(packed):
    images, options = packed
    dataset = PackedImages(clean_label='clean_label', **options)
    assert len(dataset) == 7 and dataset.metainfo['classes'] == ('0', '1', '2')
    for row in range(7):
        info = dataset.get_data_info(row)
        assert np.array_equal(info['img'], images[row]) and info['img'].dtype == np.uint8
        assert info['gt_label'] == 2 and info['clean_label'] == row % 3
    assert [dataset.image_name(row) for row in (0, 2, 3)] == ['a.npz#0', 'a.npz#2', 'b.npz#0']
    # The observed labels come first.
    assert list(dataset.columns) == ['worse_label', 'clean_label']


def test_rows(packed):
    images, options = packed
    dataset = PackedImages(**dict(options, rows=(1, 6, 2), label='clean_label'), classes=list('abc'))
    assert dataset.get_gt_labels().tolist() == [1, 0, 2] and dataset.metainfo['classes'] == ('a', 'b', 'c')
    assert np.array_equal(dataset.get_data_info(1)['img'], images[3]) and 'clean_label' not in dataset.get_data_info(0)
    for rows in ((0, 8), (3, 3), (-2, 4)):
        with pytest.raises(ValueError, match=r'rows must lie in 0\.\.7'):
            PackedImages(**dict(options, rows=rows))


def test_it_takes_the_place_of_cifar_under_label_noise(packed):
    images, options = packed
    pipeline = [dict(type='RandomCrop', crop_size=5, padding=1), dict(type='PackInputs')]
    source = dict(type='mmnoisy.PackedImages', clean_label='clean_label', **options)
    noisy = DATASETS.build(dict(type='mmnoisy.LabelNoise', source=source, pipeline=pipeline))
    assert noisy[0]['inputs'].shape == (3, 5, 5) and noisy.clean_labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    plain = DATASETS.build(dict(type='mmnoisy.LabelNoise', source=source, pipeline=[dict(type='PackInputs')]))
    assert np.array_equal(plain.__getitems__([4, 1]).inputs.permute(0, 2, 3, 1).numpy(), images[[4, 1]])


def test_a_transform_cannot_change_what_is_kept(packed):
    images, options = packed
    dataset = PackedImages(**options)
    with pytest.raises(ValueError, match='read-only'):
        dataset.get_data_info(0)['img'][:] = 0


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(label='label'), r"labels.npz has no column 'label' .* 7 rows.* it has clean_label, worse_label"),
        (dict(label='test_label'), "no column 'test_label' of integers with 7 rows"),
        (dict(clean_label='truth'), "no column 'truth'"),
        (dict(files='a.npz'), "no column 'worse_label' of integers with 3 rows"),
        (dict(files='labels.npz'), 'labels.npz is no file of images'),
        (dict(files='text.npz'), 'text.npz is no npz file'),
        (dict(files='one.npy'), 'one.npy holds one array'),
        (dict(files='offsets.npz'), 'offsets.npz: offset must be ascending'),
    ],
)
def test_other_files_are_refused(tmp_path, packed, change, message):
    (tmp_path / 'text.npz').write_text('text')
    np.save(tmp_path / 'one.npy', np.zeros(3))
    np.savez(tmp_path / 'offsets.npz', files=np.zeros(4, np.uint8), offset=[0, 5])
    with pytest.raises(ValueError, match=message):
        PackedImages(**dict(packed[1], **change))


def test_missing_files_and_damaged_images_are_named(tmp_path, packed):
    with pytest.raises(FileNotFoundError, match='c.npz does not exist'):
        PackedImages(**dict(packed[1], files=['a.npz', 'c.npz']))
    np.savez(tmp_path / 'bad.npz', files=np.zeros(9, np.uint8), offset=[0, 0, 1, 2, 3, 4, 5, 9])
    dataset = PackedImages(**dict(packed[1], files='bad.npz'))
    for row in (0, 6):
        with pytest.raises(ValueError, match=f'bad.npz: image {row} is damaged'):
            dataset.get_data_info(row)
