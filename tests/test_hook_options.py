"""Slips in the options of hooks are named before anything is built."""

import pytest
from mmengine.config import Config

from mmnoisy.config import check_config
from mmnoisy.hook_options import hook_problems, options
from mmnoisy.registry import HOOKS
from tests.helpers import ROOT

CONFIGS = sorted(path for path in (ROOT / 'configs').glob('*/*digits-sym40.py'))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_configs_of_the_package_have_none(path):
    assert hook_problems(Config.fromfile(path).get('custom_hooks') or []) == []


@pytest.mark.parametrize(
    'hook, message',
    [
        (
            dict(type='mmnoisy.DISCHook', warmup_epoch=1),
            "mmnoisy.DISCHook has no option 'warmup_epoch'; the nearest is 'warmup_epochs'. It has warmup_epochs, ",
        ),
        (dict(type='mmnoisy.DISCHook', warmup_epoch=1), 'mmnoisy.DISCHook needs warmup_epochs.'),
        (dict(type='mmnoisy.AUMHook', files='a.csv'), "no option 'files'; the nearest is 'file'"),
        (dict(type='mmnoisy.DISCHok'), "there is no hook mmnoisy.DISCHok; the nearest is 'mmnoisy.DISCHook'."),
    ],
)
def test_slips(hook, message):
    (found,) = [problem for problem in hook_problems([dict(type='EMAHook', nothing=1), hook]) if message in problem]
    assert found.startswith('custom_hooks[1]: ')
    cfg = Config.fromfile(ROOT / 'configs/ce/ce_cnn3_60e_digits-sym40.py')
    cfg.custom_hooks = [hook]
    with pytest.raises(SystemExit) as refused:
        check_config(cfg)
    assert message in str(refused.value)


def test_options_of_the_bases_are_options():
    found = options(HOOKS.get('mmnoisy.DISCHook'))
    assert found['warmup_epochs'] and not found['file'] and 'kwargs' not in found
