import cv2
import numpy as np
import pytest

from mmnoisy.datasets import Animal10N, Clothing1M, LabelNoise, MiniWebVision

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def image(path, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))


@pytest.fixture
def clothing(tmp_path):
    keys = [f'images/{i}/{i},{i}.jpg' for i in range(6)]
    for key in keys:
        image(tmp_path / key)
    (tmp_path / 'noisy_label_kv.txt').write_text(''.join(f'{key} {i}\n' for i, key in enumerate(keys)))
    (tmp_path / 'clean_label_kv.txt').write_text(f'{keys[4]} 13\n{keys[5]} 5\n')
    (tmp_path / 'noisy_train_key_list.txt').write_text('\n'.join(keys[3::-1]) + '\n')
    for split, key in (('train', keys[4]), ('val', keys[5]), ('test', keys[4])):
        (tmp_path / f'clean_{split}_key_list.txt').write_text(key + '\n')
    return tmp_path


def test_clothing1m(clothing):
    data = LabelNoise(dict(type='mmnoisy.Clothing1M', data_root=str(clothing)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [3, 2, 1, 0] and data.num_classes == 14 and data.clean_labels is None
    assert data[0]['data_samples'].img_path.endswith('images/3/3,3.jpg')
    for split, label in (('train', 13), ('val', 5), ('test', 13)):
        assert Clothing1M(str(clothing), f'clean_{split}').get_gt_labels().tolist() == [label]


def test_clothing1m_errors(clothing):
    with pytest.raises(ValueError, match="split must be one of noisy_train, clean_train.*not 'train'"):
        Clothing1M(str(clothing), 'train')
    with (clothing / 'clean_val_key_list.txt').open('a') as file:
        file.write('images/9/9.jpg\n')
    with pytest.raises(ValueError, match='1 files of .*clean_val_key_list.txt have no label in .*images/9/9.jpg'):
        Clothing1M(str(clothing), 'clean_val')
    (clothing / 'noisy_label_kv.txt').write_text('images/0/0.jpg\n')
    with pytest.raises(ValueError, match="noisy_label_kv.txt: the line 'images/0/0.jpg' is not a file name and a"):
        Clothing1M(str(clothing))
    (clothing / 'noisy_train_key_list.txt').unlink()
    with pytest.raises(FileNotFoundError, match='noisy_train_key_list.txt does not exist. Set data_root'):
        Clothing1M(str(clothing))


def test_animal10n(tmp_path):
    for name in ('training/3_17.jpg', 'training/0_2.jpg', 'testing/9_1.jpg'):
        image(tmp_path / name)
    data = LabelNoise(dict(type='mmnoisy.Animal10N', data_root=str(tmp_path)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [0, 3] and data[1]['inputs'].shape == (3, 8, 8)
    assert Animal10N(str(tmp_path), 'test').get_gt_labels().tolist() == [9]
    image(tmp_path / 'testing/cat.jpg')
    with pytest.raises(ValueError, match='cat.jpg does not start with a label'):
        Animal10N(str(tmp_path), 'test')
    with pytest.raises(FileNotFoundError, match='there are no .jpg files in .*nowhere/training'):
        Animal10N(str(tmp_path / 'nowhere'))


def test_mini_webvision(tmp_path):
    (tmp_path / 'info').mkdir()
    train_list = 'google/q1/a b.jpg 0\ngoogle/q2/c.jpg 50\ngoogle/q3/d.jpg 49\n'
    (tmp_path / 'info/train_filelist_google.txt').write_text(train_list)
    (tmp_path / 'info/val_filelist.txt').write_text('val1.jpg 7\nval2.jpg 999\n')
    for name in ('google/q1/a b.jpg', 'google/q3/d.jpg', 'val_images_256/val1.jpg'):
        image(tmp_path / name)
    data = LabelNoise(dict(type='mmnoisy.MiniWebVision', data_root=str(tmp_path)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [0, 49] and data.num_classes == 50
    assert data[0]['inputs'].shape == data[1]['inputs'].shape == (3, 8, 8)
    val = MiniWebVision(str(tmp_path), 'val', pipeline=PIPELINE)
    assert val.get_gt_labels().tolist() == [7] and val[0]['inputs'].shape == (3, 8, 8)
    with pytest.raises(ValueError, match='no images of the first 5 classes'):
        MiniWebVision(str(tmp_path), 'val', num_classes=5)
