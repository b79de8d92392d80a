import subprocess
import sys
import warnings
from importlib import metadata

import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmnoisy import compat

OPENMMLAB = {'mmengine': '0.10.7', 'mmcv-lite': '2.2.0', 'mmpretrain': '1.2.0'}
ONEDL = {'onedl-mmengine': '0.10.12', 'onedl-mmcv': '2.3.6', 'onedl-mmpretrain': '1.3.6'}


@pytest.fixture
def install(monkeypatch):
    """Pretend that exactly these distributions are installed."""

    def fake(installed):

        def version(name):
            if name not in installed:
                raise metadata.PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr(compat.metadata, 'version', version)

    return fake


@pytest.mark.parametrize('stack', [OPENMMLAB, ONEDL])
def test_a_whole_stack_is_accepted(install, stack):
    install(stack)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        compat.check_stack()


def test_full_mmcv_serves_as_mmcv_lite(install):
    install({'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmpretrain': '1.2.0'})
    compat.check_stack()


def test_no_stack_names_both_commands(install):
    install({})
    with pytest.raises(ImportError, match=r'none of them is installed.*mmnoisy\[openmmlab\].*mmnoisy\[onedl\]'):
        compat.check_stack()


def test_missing_part_is_named(install):
    install({'mmengine': '0.10.7', 'mmpretrain': '1.2.0'})
    with pytest.raises(ImportError, match=r'mmcv-lite is missing.*mmnoisy\[openmmlab\]'):
        compat.check_stack()


@pytest.mark.parametrize('version', ['1.1.0', '1.3.0', '2.0.0'])
def test_unsupported_version_is_named(install, version):
    install(dict(OPENMMLAB, mmpretrain=version))
    with pytest.raises(ImportError, match=rf'mmpretrain {version} is not >=1\.2,<1\.3'):
        compat.check_stack()


def test_both_stacks_warn(install):
    install({**OPENMMLAB, **ONEDL})
    with pytest.warns(UserWarning, match='both stacks'):
        compat.check_stack()


@pytest.mark.smoke
def test_history_buffer_loads_with_weights_only(tmp_path):
    torch.save({'loss': HistoryBuffer([1.0, 2.0], [1, 1])}, tmp_path / 'a.pth')
    # Some loaders allow the same class for the time of a load and forbid it afterwards.
    with torch.serialization.safe_globals([HistoryBuffer]):
        pass
    buffer = torch.load(tmp_path / 'a.pth', weights_only=True)['loss']
    assert buffer.mean() == 1.5


def test_getattr_of_checkpoints_serves_history_buffer_alone():
    assert compat._history_buffer_getattr(HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner in (torch, dict, object()):
        with pytest.raises(RuntimeError, match='only HistoryBuffer'):
            compat._history_buffer_getattr(owner, '__class__')


def test_other_objects_stay_refused(tmp_path):
    torch.save({'hook': subprocess.Popen}, tmp_path / 'a.pth')
    with pytest.raises(Exception, match='Popen'):
        torch.load(tmp_path / 'a.pth', weights_only=True)


def test_import_without_a_stack_says_what_to_do(tmp_path):
    # Stubs of what compat imports keep this fresh process light.
    code = (
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        'from importlib import metadata\n'
        'def version(name): raise metadata.PackageNotFoundError(name)\n'
        'metadata.version = version\n'
        'import mmnoisy'
    )
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 1
    assert 'ImportError: mmnoisy needs mmengine, mmcv and mmpretrain' in result.stderr
