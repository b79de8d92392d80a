import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmnoisy.datasets.label_file import load_labels, save_labels
from mmnoisy.datasets.samples_file import write_rows
from mmnoisy.files import copy_file, link_file, remove_parts, replace_file, write_json
from mmnoisy.folder_lock import hold_folder, release_folder

from .killing import MOMENTS, FileLimit, killed, no_parts

OLD, NEW = np.zeros(4000, dtype=int), np.ones(4000, dtype=int)
LIMIT = 3000


def labels(path, values):
    save_labels(path, values, OLD)


def samples(path, values):
    write_rows(path, ['source_idx'], ([value] for value in values), dict(checksum='same'))


def history(path, values):
    with replace_file(path, newline='') as file:
        file.write(','.join(map(str, values)))


def summary(path, values):
    write_json(path, values.tolist())


WRITERS = {
    'a.json': labels,
    'a.npy': labels,
    'a.csv': labels,
    'samples.csv': samples,
    'history.csv': history,
    'summary.json': summary,
}
#: What the writers do at all.
HAPPEN = [moment for moment in MOMENTS if moment[0] in ('fsync', 'replace')]


@pytest.mark.parametrize('name', WRITERS)
@pytest.mark.parametrize('moment', [LIMIT, *HAPPEN])
def test_a_killed_writer_leaves_the_old_file_or_the_new(tmp_path, name, moment):
    path, write = tmp_path / name, WRITERS[name]
    write(path, NEW)
    new = path.read_bytes()
    write(path, OLD)
    old = path.read_bytes()
    came = killed(lambda: write(path, NEW), moment, f'{name}.')
    assert came
    renamed = moment == ('replace', 'after')
    # The companion of a file is written with it; the first call on its name kills before the file itself.
    companion = name in ('samples.csv',)
    assert path.read_bytes() == (new if renamed and not companion else old)
    remove_parts(tmp_path)
    write(path, NEW)
    assert path.read_bytes() == new
    assert no_parts(tmp_path)


@pytest.mark.parametrize('name', WRITERS)
def test_a_full_disk_leaves_the_old_file(tmp_path, name):
    path, write = tmp_path / name, WRITERS[name]
    write(path, OLD)
    old = path.read_bytes()
    with FileLimit(LIMIT), pytest.raises(OSError, match=f'{name} could not be written, what was there is intact'):
        write(path, NEW)
    assert path.read_bytes() == old
    assert no_parts(tmp_path)


def test_an_error_of_who_writes_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.json'
    write_json(path, 1)
    with pytest.raises(ZeroDivisionError), replace_file(path) as file:
        file.write(str(1 / 0))
    assert json.loads(path.read_text()) == 1
    assert no_parts(tmp_path)


def test_labels_survive(tmp_path):
    save_labels(tmp_path / 'deep/a.npy', NEW, OLD, kind='symmetric')
    assert (load_labels(tmp_path / 'deep/a.npy', OLD, 2) == NEW).all()


def test_links(tmp_path, monkeypatch):
    source, path = tmp_path / 'a', tmp_path / 'b'
    source.write_text('1')
    for _ in range(2):
        # The second time both names are of one file already, which a rename would leave as they are.
        link_file(source, path)
        assert path.samefile(source)
        assert sorted(file.name for file in tmp_path.iterdir()) == ['a', 'b']

    def no_links(*args):
        raise OSError('the file system has no hard links')

    monkeypatch.setattr(os, 'link', no_links)
    link_file(source, path)
    assert path.read_text() == '1'
    assert not path.samefile(source)
    copy_file(source, tmp_path / 'c')
    assert (tmp_path / 'c').read_text() == '1'


def _other_process_holds(folder) -> int:
    """A process that holds the folder until it is killed."""
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(done, b'1' if hold_folder(folder) == '' else b'0')
        os.read(os.pipe()[0], 1)
    assert os.read(ready, 1) == b'1'
    return child


def test_one_process_holds_a_folder(tmp_path):
    child = _other_process_holds(tmp_path)
    assert hold_folder(tmp_path).startswith(f'process {child} on host ')
    os.kill(child, 9)
    os.waitpid(child, 0)
    # A lock ends with its process; a process locks a folder as often as it likes.
    assert hold_folder(tmp_path) == hold_folder(tmp_path) == ''
    assert not killed(lambda: Path(tmp_path / 'free').write_text(hold_folder(tmp_path)), ('link', 'before'))
    assert (tmp_path / 'free').read_text() == ''  # a fork of this process inherits what it knows, not the lock
    release_folder(tmp_path)
    child = _other_process_holds(tmp_path)
    os.kill(child, 9)
    os.waitpid(child, 0)
