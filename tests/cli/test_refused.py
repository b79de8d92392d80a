"""What the command refuses: what it says, and that it leaves nothing behind."""

import numpy as np
import pytest
from PIL import Image

from mmnoisy import api
from mmnoisy.cli import main
from mmnoisy.files import gone_if_refused


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Two classes of 12 images, and one file that is no image; the tests run beside it."""
    rng = np.random.default_rng(0)
    for name in ('a', 'b'):
        (tmp_path / 'photos' / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(tmp_path / f'photos/{name}/{i}.png')
    (tmp_path / 'photos/a/empty.png').touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'photos'


@pytest.mark.parametrize('command', ['train', 'search'])
@pytest.mark.parametrize('place', [[], ['--work-dir', 'deep/er']], ids=['default', 'named'])
def test_unreadable_files_leave_nothing(photos, capsys, command, place):
    pytest.importorskip('optuna')
    assert main([command, 'photos', *place]) == 1
    error = capsys.readouterr().err
    assert 'empty.png' in error and 'mmnoisy fix' in error
    assert [path.name for path in photos.parent.iterdir()] == ['photos']


def test_what_was_there_and_what_took_time_stays(tmp_path):
    (tmp_path / 'mine').mkdir()
    for folder in ('mine', 'work/a', 'work/b'):
        with pytest.raises(ValueError), gone_if_refused(tmp_path / folder):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / ('epoch_1.pth' if folder == 'work/a' else 'config.py')).touch()
            raise ValueError
    assert sorted(path.name for path in tmp_path.rglob('*') if path.is_file()) == ['config.py', 'epoch_1.pth']
    assert not (tmp_path / 'work/b').exists()


@pytest.mark.parametrize('method', ['disc', 'DISC', 'label-wave'])
def test_a_method_of_configs_is_said_to_be_one(photos, capsys, method):
    assert main(['train', 'photos', '--method', method]) == 1
    error, name = capsys.readouterr().err, method.lower().replace('-', '_')
    assert f"{name} has no configs for one's own data" in error and 'mmnoisy list methods' in error
    config = error.partition('python -m mmnoisy.stages ')[2].split()[0]
    assert config.startswith(f'mmnoisy::{name}/') and (config, '') in api.listing('configs')


def test_a_slip_of_a_method_is_told_the_nearest(photos, capsys):
    assert main(['train', 'photos', '--method', 'dividemx']) == 1
    assert "the nearest is 'dividemix'" in capsys.readouterr().err


def test_the_help_says_what_a_budget_is_of(capsys):
    with pytest.raises(SystemExit):
        main(['train', '--help'])
    assert 'that of the search alone' in ' '.join(capsys.readouterr().out.split())
