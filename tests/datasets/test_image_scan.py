import os
import time

import numpy as np
import pytest
from PIL import Image

from mmnoisy.datasets import image_scan
from mmnoisy.datasets.check import check
from mmnoisy.datasets.image_scan import scan_images
from mmnoisy.datasets.own_data import read_data


@pytest.fixture
def files(tmp_path):
    """Four readable images, the last one equal to the first, and two bad files."""
    for number in range(3):
        Image.new('RGB', (8, 4 + number), (40 * number, 0, 0)).save(tmp_path / f'{number}.png')
    Image.new('RGB', (8, 4)).save(tmp_path / 'copy.bmp')
    (tmp_path / 'text.png').write_text('no image')
    (tmp_path / 'zero.png').touch()
    names = ('0.png', '1.png', 'text.png', '2.png', 'copy.bmp', 'zero.png')
    return [str(tmp_path / name) for name in names]


@pytest.mark.parametrize('workers', [1, 3, None])
def test_scan(files, workers):
    scan = scan_images([*files, files[0]], workers)
    assert [(os.path.basename(p.path), p.reason) for p in scan.problems] == [
        ('text.png', 'it is no image, or damaged at its start, or of a format that is not read.'),
        ('zero.png', 'the file is empty (0 bytes).'),
    ]
    assert scan.sizes.tolist() == [[8, 4], [8, 5], [0, 0], [8, 6], [8, 4], [0, 0], [8, 4]]
    assert scan.digests[0] == scan.digests[4] == scan.digests[6] and len({*scan.digests}) == 4
    assert scan.digests[2] is None and scan.cached == 0


def test_the_cache_knows_what_changed(files, tmp_path, monkeypatch):
    cache = tmp_path / 'cache'
    first, read = scan_images(files, 1, cache), []
    real = image_scan.read_image
    monkeypatch.setattr(image_scan, 'read_image', lambda path: read.append(os.path.basename(path)) or real(path))
    again = scan_images(files, 1, cache)
    assert again[:2] == first[:2] and again.cached == 6 and read == []
    Image.new('RGB', (8, 9)).save(files[2])
    os.utime(files[1], ns=(0, 0))
    os.remove(files[5])
    changed = scan_images(files, 1, cache)
    assert read == ['1.png', 'text.png', 'zero.png'] and changed.cached == 3
    assert [p.reason for p in changed.problems] == ['there is no such file.'] and changed.sizes[2].tolist() == [8, 9]


def test_a_scan_that_was_killed_goes_on(files, tmp_path):
    cache = tmp_path / 'cache'
    scan_images(files[:3], 1, cache)
    (lines,) = cache.iterdir()
    lines.write_bytes(lines.read_bytes()[:-30] + b'\xff\x00')
    scan = scan_images(files, 1, cache)
    assert scan.cached == 2 and len(scan.problems) == 2
    assert scan_images(files, 1, cache).cached == 6


def test_bad_workers(files):
    for workers in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match='workers must be an integer of at least 1'):
            scan_images(files, workers)


def test_check(tmp_path):
    for split, names in (('train', ('cat', 'dog')), ('test', ('dog',))):
        for number, name in enumerate(names):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(12 if name == 'cat' else 3):
                Image.new('RGB', (8, 8), (i, number, len(split))).save(tmp_path / split / name / f'{i}.png')
    report = check(read_data(tmp_path))
    assert report.ok and report.counts == dict(train=[12, 3], test=[0, 3])
    assert report.small_classes == [('dog', 3)] and not report.duplicates + report.conflicts + report.leaks
    train = tmp_path / 'train'
    for source, target in (('cat/0.png', 'cat/again.png'), ('cat/1.png', 'dog/wrong.png')):
        (train / target).write_bytes((train / source).read_bytes())
    (tmp_path / 'test/dog/leak.png').write_bytes((train / 'dog/0.png').read_bytes())
    report = check(read_data(tmp_path))
    names = [
        [[os.path.basename(path) for path in same.paths] for same in kind]
        for kind in (report.duplicates, report.conflicts, report.leaks)
    ]
    assert names == [[['0.png', 'again.png']], [['1.png', 'wrong.png']], [['0.png', 'leak.png']]]
    assert report.conflicts[0].labels == ['cat', 'dog'] and report.leaks[0].splits == ['train', 'test'] and report.ok
    for file in (train / 'dog').iterdir():
        file.write_bytes(b'')
    report = check(read_data(tmp_path))
    assert len(report.problems) == 4 and not report.ok
    assert 'no training image of the class dog can be read.' in report.text()
    assert '4 files that cannot be read:' in report.text() and report.to_dict()['problems'][0]['reason']


def test_one_class_is_too_few(tmp_path):
    (tmp_path / 'cat').mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / 'cat' / '0.png')
    report = check(read_data(tmp_path))
    assert report.failures == ["there is one class, 'cat'; at least 2 are needed."]


def test_threads_wait_where_images_are_large(files, monkeypatch):
    monkeypatch.setattr(image_scan, 'MAX_PIXELS_AT_ONCE', 40)
    held, most, real = set(), [], image_scan.read_image

    def slow(path):
        held.add(path)
        most.append(len(held))
        time.sleep(0.02)
        held.discard(path)
        return real(path)

    monkeypatch.setattr(image_scan, 'read_image', slow)
    large = [path for path in files if 'text' not in path and 'zero' not in path]
    assert len(scan_images(large, 4).problems) == 0 and max(most) == 1


def test_a_messy_folder(tmp_path):
    rng = np.random.default_rng(0)
    pixels = [Image.fromarray(rng.integers(256, size=(40, 30, 3)).astype(np.uint8)) for _ in range(8)]
    rotated = Image.Exif()
    rotated[0x0112] = 6
    for number, name in enumerate(('my "best" cats', "dog's", 'Bären')):
        folder = tmp_path / name
        folder.mkdir()
        image = pixels[number]
        image.convert('L').save(folder / 'grey photo.jpg')
        image.convert('RGBA').save(folder / 'ünïcode.png')
        image.convert('CMYK').save(folder / "it's, cmyk.jpg")
        image.save(folder / 'rotated.jpg', exif=rotated)
        Image.fromarray(rng.integers(65536, size=(9, 9)).astype(np.uint16)).save(folder / '16 bit.png')
        Image.fromarray(rng.random((9, 9)).astype(np.float32)).save(folder / 'float.tif')
        (folder / 'empty.jpg').touch()
        (folder / 'truncated.jpg').write_bytes((folder / 'rotated.jpg').read_bytes()[:900])
    pixels[0].save(tmp_path / "dog's" / 'same.bmp')
    pixels[0].save(tmp_path / 'my "best" cats' / 'same.bmp')
    (tmp_path / 'nothing here').mkdir()
    (tmp_path / '.ipynb_checkpoints').mkdir()
    report = check(read_data(tmp_path))
    assert report.classes == ['Bären', "dog's", 'my "best" cats'] and report.counts == dict(train=[6, 7, 7])
    assert sorted({os.path.basename(p.path) for p in report.problems}) == ['empty.jpg', 'truncated.jpg']
    # The transparent png of the first class has the same pixels as its copies.
    assert [len(same.paths) for same in report.conflicts] == [3] and report.duplicates == []
    assert len(report.notes) == 2 and not report.ok and '6 files cannot be read' in report.failures[0]
