"""What is imported: a start must not wait for what is not used. By lists of modules, as times depend on the machine."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.helpers import digits_cfg

STACK = {'torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain'}
#: What only some runs need: clustering, mixtures, plots, tables, backbones of others.
EXTRAS = {'sklearn', 'scipy', 'pandas', 'matplotlib', 'timm', 'transformers', 'plotly', 'jinja2', 'cleanlab', 'onnx'}
REPORT = """
import json, sys
print('MODULES', json.dumps(sorted(name for name in sys.modules if '.' not in name)))
"""


def modules(code: str) -> set:
    """Top-level modules of a process that has run this code."""
    done = subprocess.run([sys.executable, '-c', code + REPORT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith('MODULES'))
    return set(json.loads(line[len('MODULES') :]))


def command(*argv) -> set:
    code = f'from mmnoisy.cli import main\ntry:\n    main({list(map(str, argv))!r})\nexcept SystemExit:\n    pass'
    return modules(code)


def test_the_package_imports_nothing_of_the_stack():
    assert not modules('import mmnoisy, mmnoisy.api') & (STACK | EXTRAS)


@pytest.mark.parametrize('argv', [['--help'], ['train', '--help'], ['list'], ['fix', 'no/such/audit']])
def test_commands_that_need_no_network_import_none(argv):
    assert not command(*argv) & (STACK | EXTRAS)


def test_a_check_of_images_imports_no_network(tmp_path):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        for i in range(2):
            image = np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / name / f'{i}.png')
    assert not command('check', tmp_path) & (STACK | EXTRAS)


def test_a_run_imports_only_what_it_uses(tmp_path):
    cfg = digits_cfg(tmp_path / 'run', epochs=1)
    cfg.dump(tmp_path / 'config.py')
    argv = [str(tmp_path / 'config.py'), '--work-dir', str(tmp_path / 'run')]
    assert not modules(f'from mmnoisy.stages import main\nmain({argv!r})') & EXTRAS
