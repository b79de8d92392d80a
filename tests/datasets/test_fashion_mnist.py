import gzip
import struct

import numpy as np
import pytest

from mmnoisy.datasets import Digits, FashionMNIST, LabelNoise

IMAGES = np.random.default_rng(0).integers(256, size=(6, 28, 28)).astype(np.uint8)
LABELS = np.array([3, 9, 0, 3, 1, 2], np.uint8)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()


def write(folder, prefix='train', images=IMAGES, labels=LABELS, compress=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((f'{prefix}-images-idx3-ubyte', images), (f'{prefix}-labels-idx1-ubyte', labels)):
        data = idx(array)
        (folder / (name + '.gz' * compress)).write_bytes(gzip.compress(data) if compress else data)
    return folder


@pytest.mark.parametrize('compress', [True, False])
def test_reads_compressed_and_extracted_files(tmp_path, compress):
    write(tmp_path, compress=compress)
    data = FashionMNIST(data_root=str(tmp_path))
    np.testing.assert_array_equal(np.stack([data.get_data_info(i)['img'] for i in range(6)]), IMAGES)
    np.testing.assert_array_equal(data.get_gt_labels(), LABELS)
    assert data.metainfo['classes'][9] == 'Ankle boot'
    write(tmp_path, 't10k', IMAGES[:2], LABELS[:2], compress)
    assert len(FashionMNIST(split='test', data_root=str(tmp_path))) == 2
    assert len(FashionMNIST(split='test', data_root=str(tmp_path), test_mode=False)) == 2


def test_found_under_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'data/fashion_mnist')
    assert len(FashionMNIST()) == 6


def test_missing_data_name_both_ways(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FashionMNIST, 'SEARCHED', ('data/fashion-mnist', 'elsewhere'))
    with pytest.raises(
        FileNotFoundError,
        match=r'not found in data/fashion-mnist, elsewhere\. Install the Debian '
        r'package `dataset-fashion-mnist`, or put the four files .* into data/fashion-mnist\.',
    ):
        FashionMNIST()
    with pytest.raises(RuntimeError, match=r'not found in nowhere\..*into nowhere'):
        LabelNoise(dict(type='mmnoisy.FashionMNIST', data_root='nowhere'))
    with pytest.raises(ValueError, match="split must be 'train' or 'test', not 'val'"):
        FashionMNIST(split='val')


def test_damaged_files_are_named(tmp_path):
    write(tmp_path)
    images, labels = tmp_path / 'train-images-idx3-ubyte.gz', tmp_path / 'train-labels-idx1-ubyte.gz'
    good = images.read_bytes()
    wrong = idx(IMAGES)[:-5]
    for content in (
        good[:-100],
        good[:200] + b'x' * 50 + good[250:],
        b'',
        b'no gzip',
        gzip.compress(wrong),
        gzip.compress(idx(LABELS)),
        gzip.compress(b'abc'),
    ):
        images.write_bytes(content)
        with pytest.raises(ValueError, match='train-images-idx3-ubyte.gz is .*Get it again'):
            FashionMNIST(data_root=str(tmp_path))
    images.write_bytes(good)
    labels.write_bytes(gzip.compress(idx(LABELS[:4])))
    with pytest.raises(ValueError, match='has 6 images, but .*labels-idx1-ubyte.gz has 4 labels'):
        FashionMNIST(data_root=str(tmp_path))
    labels.write_bytes(gzip.compress(idx(LABELS + 1)))
    with pytest.raises(ValueError, match='has the label 10'):
        FashionMNIST(data_root=str(tmp_path))


@pytest.mark.parametrize('name, archive', [('CIFAR10', 'cifar-10-python.tar'), ('CIFAR100', 'cifar-100-python.tar')])
def test_missing_cifar(tmp_path, name, archive):
    with pytest.raises(
        RuntimeError,
        match=rf"Cannot read the data set {name} \(data_root='{tmp_path}'\).*Get https"
        rf'.*{archive}.*lies in data_root.*download=True',
    ):
        LabelNoise(dict(type=name, data_root=str(tmp_path), download=False))


def test_digits():
    train, test = Digits(), Digits(split='test')
    assert (len(train), len(test)) == (1437, 360)
    assert train.get_data_info(0)['img'].dtype == np.uint8 and train.get_data_info(0)['img'].shape == (8, 8)
    images = {data.get_data_info(i)['img'].tobytes() for data in (train, test) for i in range(len(data))}
    from sklearn.datasets import load_digits

    assert len(images) == len(np.unique(load_digits().images, axis=0))
    assert train.get_gt_labels()[:8].tolist() == Digits().get_gt_labels()[:8].tolist()
    assert not train.test_mode and test.test_mode
    with pytest.raises(ValueError, match="Digits: split must be 'train' or 'test'"):
        Digits(split='val')
