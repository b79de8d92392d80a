"""The command without any training."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mmnoisy.cli import COMMANDS, main

from ..helpers import ROOT
from .messy import make_messy


@pytest.fixture(scope='module')
def messy(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'meine "fotos"'
    make_messy(root, num_classes=3, per_class=12)
    return root


def fresh(code: str):
    """Run code in a fresh process."""
    env = dict(os.environ, PYTHONPATH=str(ROOT))
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, env=env)


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['--help'])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert all(f'\n    {name} ' in out for name in COMMANDS)


@pytest.mark.parametrize('command', COMMANDS)
def test_each_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, '--help'])
    assert ended.value.code == 0 and '--debug' in capsys.readouterr().out


def test_what_needs_no_network_imports_no_torch(messy):
    code = (
        'import sys\nfrom mmnoisy.cli import main\n'
        f"main(['list', 'methods']); main(['list', 'noises']); main(['check', {str(messy)!r}])\n"
        "heavy = [name for name in ('torch', 'mmengine', 'mmpretrain', 'sklearn', 'timm') if name in sys.modules]\n"
        'assert not heavy, heavy'
    )
    result = fresh(code)
    assert result.returncode == 0, result.stderr
    assert 'symmetric' in result.stdout and 'elr ' in result.stdout


def test_import_before_torch_loads_checkpoints_with_parts_of_this_package():
    code = (
        'import mmnoisy, sys\nassert "torch" not in sys.modules\nimport mmnoisy.registry, torch\n'
        'from mmengine.logging import HistoryBuffer\n'
        'import io; file = io.BytesIO(); torch.save(HistoryBuffer([1.0], [1]), file); file.seek(0)\n'
        'assert torch.load(file, weights_only=True).mean() == 1'
    )
    result = fresh(code)
    assert result.returncode == 0, result.stderr


def test_check_names_bad_files_and_says_so_in_its_exit_code(messy, capsys, tmp_path):
    assert main(['check', str(messy), '--json', str(tmp_path / 'found.json')]) == 1
    out = capsys.readouterr().out
    for name in ('abgeschnitten.png', 'leer.png', 'kein bild.jpg', 'kopie.png', 'leere klasse', '.ipynb_checkpoints'):
        assert name in out
    assert 'Next: mmnoisy audit' in out and (tmp_path / 'found.json').stat().st_size
    for bad in ('abgeschnitten.png', 'leer.png', 'kein bild.jpg'):
        assert f'null/{bad}: ' in out


def test_check_of_good_data(tmp_path, capsys):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        for i in range(2):
            image = np.full((9, 9), 40 * i + 7 * len(name), np.uint8)
            Image.fromarray(image + (name == 'b')).save(tmp_path / name / f'{i}.png')
    assert main(['check', str(tmp_path)]) == 0
    assert 'Training can start.' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['check', 'nothing'], "'nothing' does not exist"),
        (['fix', 'nothing'], 'nothing has no audit.json'),
        (['predict', 'nothing', 'x.png'], 'nothing is no folder: name the one that `mmnoisy train` wrote'),
        (['report', 'nothing'], 'is no folder'),
        (['train', 'nothing', '--method', 'ce'], "'nothing' does not exist"),
        (['train', 'x', 'novalue'], "'novalue' is not KEY=VALUE"),
        (['evaluate', 'nothing', 'digits'], 'nothing is no folder'),
    ],
)
def test_errors_are_one_line(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith(f'mmnoisy {argv[0]}: ') and error.count('\n') == 1
    with pytest.raises((ValueError, OSError)):
        main([*argv, '--debug'])


def test_a_wrong_option_is_named(capsys):
    for argv, message in ((['check', 'x', '--wrong', '3'], '--wrong'), (['train', 'x', '--wrong'], '--wrong')):
        with pytest.raises(SystemExit) as ended:
            main(argv)
        assert ended.value.code == 2 and message in capsys.readouterr().err


def test_train_on_bad_files_stops_with_the_list_and_what_to_type(messy, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['train', str(messy), '--method', 'ce']) == 1
    error = capsys.readouterr().err
    assert '3 of the' in error and 'abgeschnitten.png: ' in error and 'leer.png: ' in error
    assert 'mmnoisy audit ' in error and 'mmnoisy fix' in error
    assert not list(tmp_path.glob('work_dirs/*/config'))


@pytest.mark.parametrize('kind', ['methods', 'losses', 'hooks', 'noises', 'backbones', 'configs'])
def test_list(kind, capsys):
    assert main(['list', kind]) == 0
    expected = dict(
        methods='dividemix', losses='mmnoisy.GCELoss', hooks='mmnoisy.AUMHook', noises='pairflip', backbones='timm:NAME'
    )
    out = capsys.readouterr().out
    assert expected.get(kind, 'mmnoisy::gce/gce_resnet18_30e_csv') in out
    assert kind != 'losses' or 'mmnoisy.AUMHook' not in out


def test_python_m():
    result = subprocess.run(
        [sys.executable, '-m', 'mmnoisy', 'list', 'noises'],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    assert result.returncode == 0 and result.stdout.startswith('symmetric')


def test_what_upstream_prints_is_left_out(capsys, monkeypatch):
    from mmnoisy import console

    monkeypatch.setattr(console, '_console', None)
    with console.without_log():
        print('Loads checkpoint by local backend from path: a.pth')
        print('11/26 12:00:00 - mmengine - \x1b[4m\x1b[97mINFO\x1b[0m - built')
        print('Said by ours')
    assert capsys.readouterr().out == 'Said by ours\n'
