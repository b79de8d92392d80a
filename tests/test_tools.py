import json
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import mmpretrain
import pytest
import torch

from .helpers import CONFIGS, ROOT, digits_cfg, train
from .test_resume import assert_equal

CE = str(CONFIGS / 'ce/ce_cnn3_60e_digits-sym40.py')
FAST = ['train_cfg.max_epochs=2', 'model.backbone.channels=(4,8,8)', 'model.head.in_channels=8', 'log_level=WARNING']
KEEP = ['default_hooks.checkpoint.max_keep_ckpts=-1']
TRAIN = ROOT / 'tools/train.py'
TEST = ROOT / 'tools/test.py'
COMPARE = ROOT / 'tools/analysis_tools/compare_runs.py'


@pytest.fixture
def tool(monkeypatch):
    """Run a tool's ``__main__`` in this process: importing the stack takes seconds."""
    from . import helpers

    def run(path, *args):
        helpers.clear_globals()
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        monkeypatch.syspath_prepend(str(Path(path).parent))
        runpy.run_path(str(path), run_name='__main__')

    return run


@pytest.fixture(scope='module')
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    train(digits_cfg(folder))
    return folder


def weights(folder, epoch=2):
    return torch.load(folder / f'epoch_{epoch}.pth', weights_only=True)['state_dict']


@pytest.mark.smoke
def test_mmpretrains_own_train_py_resumes_and_equals_ours(run_dir, tmp_path):
    # A fresh process of the unmodified tool: nothing but the config's types imports mmnoisy.
    script = Path(mmpretrain.__file__).parent / '.mim/tools/train.py'
    command = [sys.executable, script, CE, '--work-dir', tmp_path, '--resume', run_dir / 'epoch_1.pth']
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    result = subprocess.run(
        [*map(str, command), '--cfg-options', *FAST, *KEEP], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert_equal(weights(run_dir), weights(tmp_path))
    ours, theirs = (json.loads((folder / 'summary.json').read_text()) for folder in (run_dir, tmp_path))
    for key in ('test_accuracy_last', 'test_accuracy_at_best_val', 'test_accuracy_oracle_best', 'noise'):
        assert ours[key] == theirs[key]


def test_train_py_with_seeds(run_dir, tmp_path, tool):
    tool(
        TRAIN,
        'mmnoisy::ce/ce_cnn3_60e_digits-sym40',
        '--work-dir',
        tmp_path,
        '--seed',
        0,
        '--cfg-options',
        *FAST,
        *KEEP,
    )
    assert_equal(weights(run_dir), weights(tmp_path))
    tool(
        TRAIN, CE, '--work-dir', tmp_path / 'b', '--seed', 1, '--noise-seed', 5, '--no-validate', '--cfg-options', *FAST
    )
    summary = json.loads((tmp_path / 'b/summary.json').read_text())
    assert (summary['seed'], summary['val_accuracy_best']) == (1, None)
    assert summary['noise'] != json.loads((run_dir / 'summary.json').read_text())['noise']


@pytest.mark.parametrize(
    'args, message',
    [
        (['nothing.py'], "config file 'nothing.py' does not exist"),
        (['mmnoisy::gce/gce_cnn3'], 'Similar: gce/gce_cnn3_60e_digits-sym40.py'),
        ([CE, '--resume', 'nothing.pth'], "checkpoint 'nothing.pth' does not exist"),
    ],
)
def test_bad_options_of_train_py(args, message, tool, capsys):
    with pytest.raises(SystemExit) as error:
        tool(TRAIN, *args)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_noise_seed_without_noise(tmp_path, tool):
    config = tmp_path / 'clean.py'
    config.write_text(
        f'_base_ = {CE!r}\ntrain_dataloader = dict(dataset=dict(_delete_=True, type="mmnoisy.Digits"))\n'
        'val_dataloader = dict(dataset=dict(_delete_=True, type="mmnoisy.Digits"))\n'
    )
    with pytest.raises(SystemExit, match='--noise-seed: the config has no mmnoisy.LabelNoise'):
        tool(TRAIN, config, '--noise-seed', 1)


def test_test_py(run_dir, tmp_path, tool, capsys):
    results = [path for path in run_dir.iterdir() if path.suffix in ('.json', '.csv', '.pth')]
    before = [path.stat().st_mtime_ns for path in results]
    options = ['--cfg-options', *FAST]
    tool(TEST, CE, run_dir / 'epoch_2.pth', '--work-dir', run_dir, '--out', tmp_path / 'a.pkl', *options)
    accuracy = json.loads((run_dir / 'summary.json').read_text())['test_accuracy_last']
    assert f'accuracy/top1: {accuracy:.2f} (360 images' in capsys.readouterr().out
    assert before == [path.stat().st_mtime_ns for path in results]
    with (tmp_path / 'a.pkl').open('rb') as file:
        predictions = pickle.load(file)
    correct = [int(row['pred_label']) == int(row['gt_label']) for row in predictions]
    assert (len(correct), 100 * sum(correct) / 360) == (360, pytest.approx(accuracy))
    tool(
        TEST,
        CE,
        run_dir / 'epoch_2.pth',
        '--work-dir',
        tmp_path,
        '--out',
        tmp_path / 'a.json',
        '--out-item',
        'metrics',
        '--amp',
        *options,
    )
    assert json.loads((tmp_path / 'a.json').read_text())['accuracy/top1'] == pytest.approx(accuracy, abs=1)


@pytest.mark.parametrize(
    'args, message',
    [
        ([CE, 'nothing.pth'], "checkpoint 'nothing.pth' does not exist"),
        ([CE, CE, '--out-item', 'pred'], '--out-item needs --out'),
        ([CE, CE, '--out', 'a.json'], 'predictions go to a .pkl file'),
    ],
)
def test_bad_options_of_test_py(args, message, tool, capsys):
    with pytest.raises(SystemExit) as error:
        tool(TEST, *args)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    'script, args, expected',
    [
        ('dist_train.sh', ['a.py', '2', '--amp'], '--nproc_per_node=2 {tools}/train.py a.py --launcher pytorch --amp'),
        ('dist_test.sh', ['a.py', 'a.pth', '2'], '--nproc_per_node=2 {tools}/test.py a.py a.pth --launcher pytorch'),
        (
            'slurm_train.sh',
            ['part', 'job', 'a.py', 'dir', '--amp'],
            'python -u {tools}/train.py a.py --work-dir=dir --launcher=slurm --amp',
        ),
    ],
)
def test_shell_scripts(script, args, expected, tmp_path):
    for name in ('python', 'srun'):
        (tmp_path / name).write_text('#!/bin/sh\necho "$@"\n')
        (tmp_path / name).chmod(0o755)
    env = dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}')
    command = ROOT / 'tools' / script
    result = subprocess.run([command, *args], env=env, capture_output=True, text=True)
    words = ' '.join(word for word in result.stdout.split() if not word.startswith('--master'))
    assert expected.format(tools=ROOT / 'tools') in words
    result = subprocess.run([command], env=env, capture_output=True, text=True)
    assert result.returncode == 2
    assert 'usage: ' in result.stderr


def test_compare_runs(run_dir, tmp_path, tool, capsys):
    # A run that still trains has no summary.json yet.
    unfinished = tmp_path / 'unfinished'
    unfinished.mkdir()
    (unfinished / 'history.csv').write_text('epoch,test_accuracy\n1,50.0\n2,60.0\n')
    tool(COMPARE, run_dir, unfinished, '--plot', tmp_path / 'a.png')
    lines = capsys.readouterr().out.splitlines()
    summary = json.loads((run_dir / 'summary.json').read_text())
    assert lines[0].split() == 'run epochs last at best val oracle best train s'.split()
    assert lines[1].split()[:3] == [run_dir.name, '2', f'{summary["test_accuracy_last"]:.1f}']
    assert lines[2].split() == ['unfinished', '2', '-', '-', '-', '-']
    assert (tmp_path / 'a.png').read_bytes().startswith(b'\x89PNG')


def test_compare_runs_refuses_another_folder(tmp_path, tool, capsys):
    with pytest.raises(SystemExit):
        tool(COMPARE, tmp_path)
    assert 'has no history.csv' in capsys.readouterr().err
