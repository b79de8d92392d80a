import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
import yaml
from mmengine.config import Config
from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet

import mmnoisy
from mmnoisy import compat, config
from mmnoisy.requirements import TORCH

from .helpers import CONFIGS, ROOT

BUILD = """
from setuptools import build_meta
print(build_meta.build_wheel('dist/wheel'), build_meta.build_sdist('dist'), build_meta.build_editable('dist/editable'))
"""


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """A copy of the sources after building a wheel, an sdist and an editable wheel in it."""
    tree = tmp_path_factory.mktemp('tree')
    skip = shutil.ignore_patterns('__pycache__', '.mim')
    for name in ('mmnoisy', 'configs', 'tools'):
        shutil.copytree(ROOT / name, tree / name, ignore=skip)
    for name in (
        'setup.py',
        'pyproject.toml',
        'MANIFEST.in',
        'LICENSE',
        'model-index.yml',
        'README.md',
        'CHANGELOG.md',
    ):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)
    for folder in ('dist/wheel', 'dist/editable'):
        (tree / folder).mkdir(parents=True)
    result = subprocess.run([sys.executable, '-c', BUILD], cwd=tree, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return tree


def wheel_metadata(built):
    (wheel,) = (built / 'dist/wheel').glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f'mmnoisy-{mmnoisy.__version__}.dist-info/METADATA').decode()


def specifiers(requirements):
    return {name: SpecifierSet(text) for name, text in requirements.items()}


def _mim_files():
    for folder in ('configs', 'tools'):
        for root, _, names in os.walk(ROOT / folder):
            if '__pycache__' not in root:
                yield from (os.path.relpath(os.path.join(root, name), ROOT) for name in names)


def test_wheel_has_the_package_and_mim(built):
    (wheel,) = (built / 'dist/wheel').glob('*.whl')
    assert wheel.name == f'mmnoisy-{mmnoisy.__version__}-py3-none-any.whl'
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        'mmnoisy/compat.py',
        'mmnoisy/py.typed',
        'mmnoisy/models/losses/gce_loss.py',
        'mmnoisy/.mim/model-index.yml',
    } <= names
    assert {f'mmnoisy/.mim/{name}' for name in _mim_files()} <= names
    assert not [name for name in names if name.startswith(('tests', 'configs', 'tools'))]


def test_wheel_requires_neither_stack_unless_asked(built):
    text = wheel_metadata(built)
    required = [line[len('Requires-Dist: ') :] for line in text.splitlines() if line.startswith('Requires-Dist: ')]
    plain = [line for line in required if 'extra ==' not in line]
    assert not [line for line in plain if 'mm' in line]
    assert [line for line in plain if line.startswith(('torch<', 'torch>'))]
    for stack in ('openmmlab', 'onedl'):
        assert len([line for line in required if f'extra == "{stack}"' in line]) == 3
    assert 'License-File: LICENSE' in text


def test_sdist_can_be_built_from(built):
    (archive,) = (built / 'dist').glob('*.tar.gz')
    names = {name.partition('/')[2] for name in tarfile.open(archive).getnames()}
    assert set(_mim_files()) | {'setup.py', 'LICENSE', 'model-index.yml'} <= names


def test_editable_install_links_to_the_sources(built):
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (built / 'mmnoisy/.mim' / name).resolve() == (built / name).resolve()


def test_config_path_of_an_installed_wheel(built, tmp_path, monkeypatch):
    (wheel,) = (built / 'dist/wheel').glob('*.whl')
    zipfile.ZipFile(wheel).extractall(tmp_path)
    monkeypatch.setattr(config, '_PACKAGE', tmp_path / 'mmnoisy')
    path = mmnoisy.config_path('gce/gce_cnn3_60e_digits-sym40')
    assert path == str(tmp_path / 'mmnoisy/.mim/configs/gce/gce_cnn3_60e_digits-sym40.py')
    assert Config.fromfile(path).model.head.loss.type == 'mmnoisy.GCELoss'


def test_own_config_inherits_from_the_package(tmp_path):
    own = tmp_path / 'own.py'
    own.write_text(
        "_base_ = __import__('mmnoisy').config_path('gce/gce_cnn3_60e_digits-sym40.py')\n"
        'model = dict(head=dict(loss=dict(q=0.3)))\n'
    )
    assert Config.fromfile(own).model.head.loss.q == 0.3


def test_find_config():
    assert config.find_config('mmnoisy::ce/ce_cnn3_60e_digits-sym40').endswith('ce/ce_cnn3_60e_digits-sym40.py')
    with pytest.raises(FileNotFoundError, match='no config .gce/gce_cnn3_60e_digits.*Similar: gce/gce_cnn3_60e_digits'):
        config.find_config('mmnoisy::gce/gce_cnn3_60e_digits')
    with pytest.raises(FileNotFoundError, match="'nothing.py' does not exist"):
        config.find_config('nothing.py')


def test_model_index_lists_every_metafile():
    listed = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    assert listed == sorted(str(path.relative_to(ROOT)) for path in CONFIGS.glob('*/metafile.yml'))


def test_requirements_of_the_wheel_are_those_that_compat_checks(built):
    required = Metadata.from_email(wheel_metadata(built), validate=False).requires_dist
    for stack, supported in compat.STACKS.items():
        declared = [item for item in required if item.marker and item.marker.evaluate({'extra': stack})]
        assert {item.name: item.specifier for item in declared} == specifiers(supported)
    plain = {item.name: item.specifier for item in required if item.marker is None}
    assert specifiers(TORCH).items() <= plain.items()


def test_metafiles_name_configs_that_exist():
    for path in CONFIGS.glob('*/metafile.yml'):
        for model in yaml.safe_load(path.read_text())['Models']:
            assert (ROOT / model['Config']).is_file(), f'{path}: {model["Config"]}'
