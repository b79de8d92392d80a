import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import mmpretrain
import pytest
import torch
from mmengine.hooks import CheckpointHook as UpstreamHook
from mmengine.hooks import Hook

from mmnoisy.engine.checkpoints import disarm, newest_complete, problem_of, resume_newest
from tests.helpers import ROOT, build_runner, digits_cfg, train
from tests.killing import FileLimit, killed, no_parts
from tests.test_resume import TIMES, assert_equal

#: The default of the configs, on a run of a second.
DEFAULT = dict(max_keep_ckpts=1, save_best='auto')


def short(folder, epochs=3, **overrides):
    small = {f'{part}_dataloader__dataset__source__indices': 200 for part in ('train', 'val')}
    cfg = digits_cfg(folder, epochs=epochs, **small, **overrides)
    cfg.default_hooks.checkpoint.update(DEFAULT)
    cfg.default_hooks.checkpoint.min_seconds = 0
    cfg.default_hooks.summary.train_interval = 0
    return cfg


def files(folder):
    return sorted(path.name for path in Path(folder).glob('*.pth*'))


def outcome(folder):
    """What a finished run left, without times."""
    checkpoint, skipped = newest_complete(folder)
    assert not skipped
    state = torch.load(checkpoint, weights_only=True)
    summary = json.loads((folder / 'summary.json').read_text())
    for key in TIMES:
        del summary[key]
    info = state['message_hub']['runtime_info']
    return dict(
        files=files(folder),
        weights=state['state_dict'],
        optimizer=state['optimizer'],
        summary=summary,
        best=(info['best_score'], Path(info['best_ckpt']).name),
        history=(folder / 'history.csv').read_text(),
    )


@pytest.fixture(scope='module')
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp('straight')
    train(short(folder))
    return outcome(folder)


# The second epoch's files: there is something to lose. The last of the unlinks is that of the outdated checkpoint.
MOMENTS = [
    (('fsync', 'before'), 'epoch_2.pth.'),  # written in part, for all that the disk knows
    (('replace', 'before'), 'epoch_2.pth.'),
    (('replace', 'after'), 'epoch_2.pth.'),
    (('link', 'before'), 'best_accuracy_top1_epoch_1.pth'),
    (('replace', 'before'), 'last_checkpoint.'),
    (('remove', 'before'), 'epoch_1.pth'),
    (('remove', 'after'), 'epoch_1.pth'),
]


@pytest.mark.parametrize('moment, path', MOMENTS)
def test_a_killed_run_goes_on_with_the_same_command(tmp_path, straight, moment, path):
    cfg = short(tmp_path, resume=True)
    assert killed(lambda: train(cfg), moment, path)
    left = [problem_of(tmp_path / name) for name in files(tmp_path) if not name.endswith('.part')]
    assert left == [None] * len(left)
    train(cfg)
    assert_equal(straight, outcome(tmp_path))


def test_a_run_killed_within_a_write_or_on_a_full_disk_goes_on(tmp_path, straight):
    train(short(tmp_path, epochs=1))
    size = (tmp_path / 'epoch_1.pth').stat().st_size
    cfg = short(tmp_path, resume=True)
    assert killed(lambda: train(cfg), size // 2)
    assert [name.split('.pth')[0] for name in files(tmp_path) if name.endswith('.part')]
    assert problem_of(tmp_path / 'epoch_1.pth') is None
    with FileLimit(size // 2), pytest.raises(OSError, match='pth could not be written, what was there is intact'):
        train(cfg)
    assert problem_of(tmp_path / 'epoch_1.pth') is None
    train(cfg)
    assert_equal(straight, outcome(tmp_path))
    assert no_parts(tmp_path)


def test_resumes_the_newest_complete_one_and_says_so(tmp_path, straight):
    cfg = short(tmp_path, epochs=3, default_hooks__checkpoint__max_keep_ckpts=3)
    cfg.default_hooks.checkpoint.max_keep_ckpts = 3
    train(cfg)
    content = (tmp_path / 'epoch_3.pth').read_bytes()
    # As another writer leaves it: in place, and last_checkpoint names it.
    (tmp_path / 'epoch_3.pth').unlink()
    (tmp_path / 'epoch_3.pth').write_bytes(content[: len(content) // 2])
    for path in tmp_path.glob('best_*_epoch_3.pth'):
        path.unlink()
    cfg = short(tmp_path, resume=True, log_level='INFO')
    train(cfg)
    text = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    assert f'A checkpoint is not resumed: {tmp_path}/epoch_3.pth: it is half written' in text
    assert f'Resuming from {tmp_path}/epoch_2.pth, the newest complete checkpoint' in text
    assert_equal(straight['weights'], outcome(tmp_path)['weights'])


def test_nothing_complete_starts_at_the_beginning(tmp_path, straight):
    (tmp_path / 'epoch_7.pth').write_bytes(b'PK half')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_7.pth'))
    train(short(tmp_path, resume=True))
    (log,) = tmp_path.glob('*/*.log')
    assert 'There is no complete checkpoint to resume' in log.read_text()
    assert_equal(straight['history'], outcome(tmp_path)['history'])


def test_a_damaged_byte_is_found(tmp_path):
    train(short(tmp_path, epochs=1))
    path = tmp_path / 'epoch_1.pth'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / 'copy.pth').write_bytes(content)
    assert 'is damaged' in problem_of(tmp_path / 'copy.pth')
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    assert problem_of(tmp_path / 'weights.pth') == 'it has no meta and no message_hub and no optimizer'


def test_the_tools_keep_load_from_where_there_is_nothing_to_resume(tmp_path):
    cfg = short(tmp_path / 'new', load_from='weights.pth')
    resume_newest(cfg)
    assert (cfg.resume, cfg.load_from) == (False, 'weights.pth')
    train(short(tmp_path / 'new', epochs=1))
    resume_newest(cfg)
    assert (cfg.resume, cfg.load_from) == (True, str(tmp_path / 'new/epoch_1.pth'))


def test_a_moved_folder_goes_on(tmp_path, straight):
    train(short(tmp_path / 'a', epochs=2))
    shutil.move(tmp_path / 'a', tmp_path / 'b')
    train(short(tmp_path / 'b', resume=True))
    assert_equal(straight, outcome(tmp_path / 'b'))


class CountBuilds(Hook):
    """How often a checkpoint is made."""

    def __init__(self):
        self.builds = 0

    def before_save_checkpoint(self, runner, checkpoint):
        self.builds += 1


def test_best_and_last_are_one_file_and_nothing_is_formatted_anew(tmp_path, monkeypatch):
    from mmengine.config import Config

    formatted = []
    pretty = Config.pretty_text.fget
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: formatted.append(1) or pretty(cfg)))
    runner = build_runner(short(tmp_path, epochs=1))
    count = CountBuilds()
    runner.register_hook(count)
    at_start = len(formatted)
    runner.train()
    best, last = tmp_path / 'best_accuracy_top1_epoch_1.pth', tmp_path / 'epoch_1.pth'
    assert best.samefile(last)
    # One at the end of the epoch, one with what its validation found.
    assert count.builds == 2
    # RuntimeInfoHook's, whose text the checkpoints take.
    assert len(formatted) - at_start == 1
    saved = torch.load(last, weights_only=True)
    assert saved['meta']['cfg'] == pretty(runner.cfg)
    assert max(len(buffer.data[0]) for buffer in saved['message_hub']['log_scalars'].values()) <= 10


def test_short_epochs_are_saved_where_they_are_the_best_or_the_last(tmp_path, straight):
    cfg = short(tmp_path)
    cfg.default_hooks.checkpoint.min_seconds = 1e6
    runner = build_runner(cfg)
    count = CountBuilds()
    runner.register_hook(count)
    runner.train()
    best = [row['val_accuracy'] for row in _summary(runner).history]
    improvements = sum(value > max(best[:i], default=-1) for i, value in enumerate(best))
    assert count.builds == improvements + 1
    assert_equal(straight, outcome(tmp_path))
    # Where every file is kept, every epoch is saved.
    cfg = short(tmp_path / 'all', epochs=2)
    cfg.default_hooks.checkpoint.update(min_seconds=1e6, max_keep_ckpts=-1)
    train(cfg)
    assert {'epoch_1.pth', 'epoch_2.pth'} <= set(files(tmp_path / 'all'))


class StopAfter(Hook):
    """Stops training as EarlyStoppingHook does."""

    def after_train_epoch(self, runner):
        runner.train_loop.stop_training = runner.epoch + 1 == 3


def test_a_run_that_stops_early_saves_its_last_epoch(tmp_path):
    cfg = short(tmp_path, epochs=9)
    cfg.default_hooks.checkpoint.min_seconds = 1e6
    runner = build_runner(cfg)
    runner.register_hook(StopAfter())
    runner.train()
    assert torch.load(newest_complete(tmp_path)[0], weights_only=True)['meta']['epoch'] == 3


def _summary(runner):
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'SummaryHook')


def test_several_metrics_and_best_alone(tmp_path):
    cfg = short(tmp_path, epochs=2, val_evaluator__topk=(1, 5))
    cfg.default_hooks.checkpoint.update(save_best=['accuracy/top1', 'accuracy/top5'], rule='greater', interval=-1)
    train(cfg)
    names = files(tmp_path)
    assert [name.split('_epoch')[0] for name in names] == ['best_accuracy_top1', 'best_accuracy_top5', 'epoch_2.pth'][
        : len(names)
    ]
    assert newest_complete(tmp_path)[0] == tmp_path / 'epoch_2.pth'


@pytest.mark.parametrize(
    'options, error, message',
    [
        (dict(max_kep_ckpts=1), TypeError, "no option 'max_kep_ckpts'"),
        (dict(save_best='accuracy/top7'), ValueError, "save_best='accuracy/top7' is no metric"),
    ],
)
def test_bad_options(tmp_path, options, error, message):
    cfg = short(tmp_path, epochs=1)
    cfg.default_hooks.checkpoint.update(options)
    with pytest.raises(error, match=message):
        train(cfg)


def test_iterations(tmp_path):
    train(iterations(tmp_path / 'straight', 6))
    train(iterations(tmp_path / 'halves', 4))
    train(iterations(tmp_path / 'halves', 6, resume=True))
    weights = [torch.load(tmp_path / name / 'iter_6.pth', weights_only=True) for name in ('straight', 'halves')]
    assert_equal(*(value['state_dict'] for value in weights))
    assert_equal(*(value['optimizer'] for value in weights))
    assert files(tmp_path / 'straight')[-1] == 'iter_6.pth'


def iterations(folder, count, **overrides):
    cfg = short(folder, **overrides)
    cfg.train_cfg = dict(by_epoch=False, max_iters=count, val_interval=2)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    cfg.param_scheduler = None
    return cfg


# A file that somebody else made.


def hostile(path, folder, marker, victims):
    """A checkpoint of a run, with code as its config and other people's files as its outdated ones."""
    checkpoint = torch.load(path, weights_only=True)
    checkpoint['meta']['config'] = f'open({str(marker)!r}, "w").write("executed")\n'
    info = checkpoint['message_hub']['runtime_info']
    info.update(best_score=-1.0, best_ckpt=str(victims[0]), keep_ckpt_ids=[f'/../{victims[1]}', 1])
    torch.save(checkpoint, folder / 'hostile.pth')
    return folder / 'hostile.pth'


@pytest.fixture
def attack(tmp_path):
    train(short(tmp_path / 'source', epochs=1))
    victims = [tmp_path / 'victim', tmp_path / 'folder']
    victims[0].write_text('dear')
    victims[1].mkdir()
    (victims[1] / 'file').write_text('dear')
    return hostile(tmp_path / 'source/epoch_1.pth', tmp_path, tmp_path / 'marker', victims), victims


@pytest.mark.parametrize('which', ['file', 'folder'])
def test_a_hostile_checkpoint_executes_and_deletes_nothing(tmp_path, attack, which):
    path, victims = attack
    if which == 'folder':
        checkpoint = torch.load(path, weights_only=True)
        checkpoint['message_hub']['runtime_info']['best_ckpt'] = str(victims[1])
        torch.save(checkpoint, path)
    train(short(tmp_path / 'resumed', epochs=3, resume=True, load_from=str(path)))
    assert not (tmp_path / 'marker').exists()
    assert victims[0].read_text() == (victims[1] / 'file').read_text() == 'dear'
    text = next((tmp_path / 'resumed').glob('*/*.log')).read_text()
    assert "Not taken from the checkpoint: meta['config'], which mmengine would execute" in text
    assert 'which is no checkpoint of' in text


def test_without_the_hooks_the_attack_works(tmp_path, attack):
    # Otherwise the test above shows nothing.
    path, victims = attack
    cfg = short(tmp_path / 'resumed', epochs=2, resume=True, load_from=str(path))
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', save_best='auto')
    del cfg.default_hooks['run_guard']
    train(cfg)
    assert (tmp_path / 'marker').read_text() == 'executed'
    assert not victims[0].exists()


def test_mmpretrains_own_train_py_is_safe_and_skips_half_written_files(tmp_path, attack):
    path, victims = attack
    folder = tmp_path / 'out'
    folder.mkdir()
    shutil.copyfile(path, folder / 'epoch_1.pth')
    (folder / 'epoch_2.pth').write_bytes(path.read_bytes()[:1000])
    later = time.time() + 100
    os.utime(folder / 'epoch_2.pth', (later, later))
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
    config = tmp_path / 'config.py'
    short(folder, epochs=2, log_level='INFO').dump(config)
    script = Path(mmpretrain.__file__).parent / '.mim/tools/train.py'
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    command = [sys.executable, script, config, '--work-dir', folder, '--resume']
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (tmp_path / 'marker').exists()
    assert victims[0].read_text() == (victims[1] / 'file').read_text() == 'dear'
    text = result.stdout + result.stderr
    assert 'epoch_2.pth: it is half written' in text
    assert f'Resuming from {folder}/epoch_1.pth, the newest complete checkpoint' in text
    assert problem_of(folder / 'epoch_2.pth') is None


def test_disarm(tmp_path):
    (tmp_path / 'best_a_epoch_3.pth').write_text('')
    (tmp_path / 'history.csv').write_text('')
    own = str(tmp_path / 'best_a_epoch_3.pth')
    for path, expected in (
        ('/elsewhere/best_a_epoch_3.pth', own),  # a folder that was moved
        (str(tmp_path / 'history.csv'), None),
        (str(tmp_path / '../best_a_epoch_4.pth'), None),
        (['best_a_epoch_3.pth'], None),
    ):
        hub = dict(runtime_info=dict(best_ckpt_a=path, keep_ckpt_ids=[1, 2]))
        checkpoint = dict(meta=dict(config='1 / 0', epoch=1), message_hub=hub)
        dropped = disarm(checkpoint, tmp_path)
        assert checkpoint['meta'] == dict(epoch=1)
        assert hub['runtime_info'] == dict(best_ckpt_a=expected, keep_ckpt_ids=[1, 2])
        assert len(dropped) == 1 + (expected is None)
    assert disarm(dict(state_dict={}), tmp_path) == []


def test_options_are_upstreams():
    from inspect import signature

    from mmnoisy.engine import CheckpointHook

    options = dict(interval=5, by_epoch=False, max_keep_ckpts=3, save_best='auto', save_begin=2, save_last=False)
    assert set(options) <= set(signature(UpstreamHook.__init__).parameters)
    ours, theirs = CheckpointHook(**options), UpstreamHook(**options)
    assert {key: vars(ours)[key] for key in vars(theirs)} == vars(theirs)
