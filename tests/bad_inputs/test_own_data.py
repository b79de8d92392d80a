"""Folders and lists of images that no training could start from."""

import os

import numpy as np
import pytest
from PIL import Image

from mmnoisy.datasets import LabelNoise
from mmnoisy.datasets.check import check
from mmnoisy.datasets.own_data import read_data


def images(folder, names=('cat', 'dog'), count=2):
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = np.full((6, 8, 3), 20 * number + i, np.uint8)
            Image.fromarray(pixels).save(folder / name / f'{i}.png')
    return folder


@pytest.fixture
def root(tmp_path):
    return images(tmp_path / 'data')


def test_places(root, refused):
    refused(lambda: read_data(root / 'nowhere'), 'nowhere', 'does not exist', 'digits')
    refused(lambda: read_data('digit'), "'digit'", 'digits')
    refused(lambda: read_data(''), 'empty')
    refused(lambda: read_data(None), 'None')
    refused(lambda: read_data(root / 'cat' / '0.png'), '0.png', '.csv', 'folder')
    refused(lambda: read_data(root, label_column='label'), 'label_column', 'folder')


def test_folders_without_classes(tmp_path, root, refused):
    (tmp_path / 'void').mkdir()
    refused(lambda: read_data(tmp_path / 'void'), 'void', 'empty')
    refused(lambda: read_data(root / 'cat'), 'cat', '2 images', 'one folder a class')
    (tmp_path / 'only' / 'cat').mkdir(parents=True)
    refused(lambda: read_data(tmp_path / 'only'), 'only', 'no images', '.png')
    (tmp_path / 'hidden' / '.ipynb_checkpoints').mkdir(parents=True)
    Image.new('RGB', (4, 4)).save(tmp_path / 'hidden' / '.ipynb_checkpoints' / '0.png')
    refused(lambda: read_data(tmp_path / 'hidden'), 'hidden', 'empty')


def test_splits(tmp_path, refused):
    images(tmp_path / 'a' / 'train')
    images(tmp_path / 'a' / 'test', ('cat', 'cow'))
    refused(lambda: read_data(tmp_path / 'a'), 'test', "'cow'", 'train')
    images(tmp_path / 'b' / 'test')
    (tmp_path / 'b' / 'train').mkdir()
    refused(lambda: read_data(tmp_path / 'b'), 'train', 'no images')
    images(tmp_path / 'c' / 'val')
    images(tmp_path / 'c' / 'test')
    refused(lambda: read_data(tmp_path / 'c'), 'train', 'val')
    images(tmp_path / 'd' / 'train')
    images(tmp_path / 'd', ('cat',))
    refused(lambda: read_data(tmp_path / 'd'), 'train', "'cat'", 'beside')


@pytest.mark.parametrize(
    'text, words',
    [
        ('path,label,split\ncat/0.png,cat,train\ndog/0.png,dog,foo\n', ['line 3', "'foo'", 'train, val, test']),
        ('path,label,split\ncat/0.png,cat,test\ndog/0.png,dog,test\n', ['no row', 'train']),
        ('path,label,split\ncat/0.png,cat,train\ndog/0.png,dog,\n', ['line 3', 'split', 'empty']),
        ('path,label,split\ncat/0.png,cat,train\ndog/0.png,dog,test\n', ['line 3', "'dog'", 'train']),
        ('path,label\n' + ''.join(f'{i}.png,cat\n' for i in range(5000)), ['line 2', '5000']),
        ('path,label\ncat,cat\ndog,dog\n', ['line 2', 'no image', '2 of 2']),
        ('path,label\nhttps://host/0.png,cat\n', ['line 2', 'https://host/0.png', 'local']),
        ('path,label\ncat/0.png,1\ndog/0.png,3\n', ['line 2', 'count from 0']),
    ],
)
def test_lists(root, refused, text, words):
    (root / 'list.csv').write_text(text)
    refused(lambda: read_data(root / 'list.csv'), 'list.csv', *words)


def test_some_files_are_missing(root, refused):
    (root / 'list.csv').write_text('path,label\ncat/0.png,cat\nnone.png,dog\ncat,cat\ndog/0.png,dog\n')
    data = read_data(root / 'list.csv')
    assert 'list.csv, line 3: there is no image' in data.notes[-1] and '(2 such)' in data.notes[-1]
    report = check(data)
    assert [os.path.basename(problem.path) for problem in report.problems] == ['none.png', 'cat'] and not report.ok
    source = dict(type='mmnoisy.CSVDataset', ann_file='list.csv', data_root=str(root))
    refused(lambda: LabelNoise(source), 'line 3', 'none.png', '2 of 4')


def test_options(root, refused):
    (root / 'list.csv').write_text('path,label\ncat/0.png,cat\ndog/0.png,dog\n')
    refused(lambda: read_data(root / 'list.csv', path_column='file'), "'file'", 'path,label', '--path-column')
    refused(lambda: read_data(root / 'list.csv', label_column='class'), "'class'", '--label-column')
    refused(lambda: read_data(root / 'list.csv', sep=''), 'sep')
    (root / 'list.xlsx').write_text('x')
    refused(lambda: read_data(root / 'list.xlsx'), 'list.xlsx', '.csv')


def test_a_file_with_two_labels(root, refused):
    (root / 'list.csv').write_text('path,label\ncat/0.png,cat\ncat/1.png,cat\n./cat/0.png,dog\ndog/0.png,dog\n')
    source = dict(type='mmnoisy.CSVDataset', ann_file='list.csv', data_root=str(root))
    refused(lambda: LabelNoise(source), 'cat/0.png', "conflicts='drop'", 'cat', 'dog')
    report = check(read_data(root / 'list.csv'))
    assert not report.ok and any('cat/0.png' in line for line in report.failures)


def test_images_that_cannot_be_read(root):
    good = (root / 'cat' / '0.png').read_bytes()
    bad = {
        'zero.png': b'',
        'text.jpg': b'not an image',
        'cut.png': good[: len(good) - 26],
        'half.png': good[:30],
        'web.png': b'<html>404</html>',
        'svg.png': b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        'flip.png': good[:45] + b'\0\xff\0' + good[48:],
        'gif.gif': b'GIF89a',
        'bomb.ppm': b'P4\n60000 60000\n\0',
        'wide.pgm': b'P5\n5000 1 255\n' + bytes(5000),
        'tall.pgm': b'P5\n1 5000 255\n' + bytes(5000),
        'eps.tif': b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n',
    }
    for name, data in bad.items():
        (root / 'dog' / name).write_bytes(data)
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(root / 'dog' / 'nan.tif')
    (root / 'dog' / 'loop.png').symlink_to(root / 'dog' / 'loop.png')
    (root / 'dog' / 'gone.png').symlink_to(root / 'nowhere.png')
    report = check(read_data(root))
    found = {os.path.basename(problem.path): problem.reason for problem in report.problems}
    assert sorted(found) == sorted([*bad, 'nan.tif', 'loop.png', 'gone.png'])
    assert all(found.values()) and not report.ok


def test_no_ordinary_files(root):
    os.mkfifo(root / 'dog' / 'pipe.png')
    (root / 'dog' / 'folder.png').mkdir()
    report = check(read_data(root))
    assert [os.path.basename(problem.path) for problem in report.problems] == ['pipe.png']


def test_a_large_image_in_a_small_file(tmp_path, root):
    Image.new('1', (13_000, 13_000)).save(root / 'cat' / 'huge.png')
    (problem,) = check(read_data(root)).problems
    assert '13000' in problem.reason and problem.path.endswith('huge.png')
