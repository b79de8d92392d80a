"""A run that cannot go on ends in one line with the cause and the path of the option."""

import pytest

from mmnoisy import stages, testing
from mmnoisy.failures import run_tool

from .helpers import ROOT, clear_globals

CONFIG = str(ROOT / 'configs/ce/ce_cnn3_60e_digits-sym40.py')


@pytest.fixture
def failed(tmp_path, capsys):
    """What a tool says on stderr where it fails; it must be the last thing, one line, and the exit code 1."""

    def run(*options, main=stages.main, argv=(CONFIG,)):
        clear_globals()
        place = ['--work-dir', str(tmp_path / 'run')]
        with pytest.raises(SystemExit) as stop:
            run_tool(main, [*argv, *place, '--cfg-options', 'log_level=ERROR', 'train_cfg.max_epochs=1', *options])
        assert stop.value.code == 1 or isinstance(stop.value.code, str)
        text = f'{capsys.readouterr().err}{stop.value.code}'.strip()
        assert 'Traceback' not in text
        return text.removesuffix('\n1')

    return run


@pytest.mark.parametrize(
    'options, message',
    [
        # Parts of upstream, whose options only their constructors know.
        (['model.head.typ=a'], "model.head: TypeError: ClsHead.__init__() got an unexpected keyword argument 'typ'"),
        (
            ['model.head.type=LinearClsHed'],
            "Error: model.head: mmpretrain has no model 'LinearClsHed'; the nearest is 'LinearClsHead'.",
        ),
        (
            ['optim_wrapper.optimizer.type=SDG'],
            "optim_wrapper.optimizer: there is no optimizer SDG; the nearest is 'SGD'.",
        ),
        (['optim_wrapper.optimizer.momentun=0.5'], "the nearest is 'momentum'"),
        (
            ['val_dataloader.dataset.source.split=tset'],
            'Error: val_dataloader.dataset.source: Cannot read the data set mmnoisy.Digits',
        ),
        # Of the package, and files: known before anything is built.
        (['load_from=no.pth'], "load_from: the file 'no.pth' does not exist."),
        (['train_dataloader.dataset.keep=no.csv'], "train_dataloader.dataset.keep: the file 'no.csv' does not exist."),
        (['val_dataloader.dataset.source.splt=a'], 'val_dataloader.dataset.source: mmnoisy.Digits has no option'),
    ],
    ids=lambda value: value[0].partition('=')[0] if isinstance(value, list) else '',
)
def test_one_line_with_the_path_of_the_option(failed, options, message):
    text = failed(*options)
    assert message in text and len(text.splitlines()) == 1, text


def test_a_variable_in_which_the_config_keeps_a_part_is_not_its_path(failed):
    text = failed(argv=(str(ROOT / 'configs/segmentation/segmentation-gce_small-unet_30e_mask-folder.py'),))
    assert 'Error: train_dataloader.dataset.source: Cannot read the data set mmnoisy.MaskFolder' in text
    assert 'there is no folder data/scenes/images/train' in text


def test_an_error_that_was_not_foreseen_leaves_its_traceback(failed, tmp_path):
    text = failed('model.head.typ=a')
    kept = tmp_path / 'run' / 'traceback.txt'
    assert text.endswith(f'({kept} shows where)') and 'build_from_cfg' in kept.read_text()


def test_debug_shows_the_traceback():
    def main(argv):
        raise KeyError('what')

    with pytest.raises(KeyError):
        run_tool(main, ['--debug'])
    assert stages.parse_args([CONFIG, '--debug']).debug


def test_a_tool_that_ends_well_or_says_how_it_ended(capsys):
    assert run_tool(lambda argv: None, []) is None
    for code in (1, 3):
        with pytest.raises(SystemExit) as stop:
            run_tool(lambda argv, code=code: code, [])
        assert stop.value.code == code

    def interrupted(argv):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stop:
        run_tool(interrupted, [])
    assert stop.value.code == 130 and 'Interrupted' in capsys.readouterr().err


def test_evaluation_ends_likewise(failed, tmp_path):
    checkpoint = tmp_path / 'broken.pth'
    checkpoint.write_bytes(b'no checkpoint')
    text = failed(main=testing.main, argv=(CONFIG, str(checkpoint)))
    assert text.startswith('Error: ') and 'broken.pth' in text


@pytest.mark.parametrize('tool', ['train', 'train_stages', 'test'])
def test_the_scripts_are_run_so(tool):
    text = (ROOT / f'tools/{tool}.py').read_text()
    assert 'run_tool(main)' in text
