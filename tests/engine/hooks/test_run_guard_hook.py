import os
import pickle
from pathlib import Path

import pytest
import torch

from mmnoisy.folder_lock import hold_folder
from tests.helpers import build_runner, ddp, digits_cfg, run_two_ranks, train, train_only


def short(folder, **overrides):
    return train_only(digits_cfg(folder, train_dataloader__dataset__source__indices=200, **overrides))


def log(folder) -> str:
    return ''.join(path.read_text() for path in Path(folder).glob('*/*.log'))


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    train(short(folder, epochs=1))
    return str(folder / 'epoch_1.pth')


@pytest.mark.parametrize(
    'overrides',
    [
        dict(train_dataloader__dataset__seed=5),
        dict(train_dataloader__dataset__noise__rate=0.2),
        dict(train_dataloader__dataset__holdout=0.2),
    ],
)
def test_refuses_to_resume_with_other_labels_or_another_split(tmp_path, checkpoint, overrides):
    with pytest.raises(ValueError, match='trained with other labels or another split: on 180 samples'):
        train(short(tmp_path, resume=True, load_from=checkpoint, **overrides))
    # To start from its weights is another thing.
    train(short(tmp_path, epochs=1, load_from=checkpoint, **overrides))


def test_says_that_the_batch_size_is_another(tmp_path, checkpoint):
    train(short(tmp_path / 'a', resume=True, load_from=checkpoint, train_dataloader__batch_size=32))
    assert '64 -> 32 samples a batch of a rank' in log(tmp_path / 'a')
    train(short(tmp_path / 'b', resume=True, load_from=checkpoint))
    assert 'goes on otherwise' not in log(tmp_path / 'b')


def _resume(cfg):
    train(ddp(cfg))


@pytest.mark.ddp
def test_says_that_the_ranks_are_others(tmp_path, checkpoint):
    run_two_ranks(_resume, short(tmp_path, resume=True, load_from=checkpoint))
    assert 'goes on otherwise than it began: 1 -> 2 rank(s)' in log(tmp_path)


def test_training_without_a_batch_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match='no batch: the training set has 180 samples .* batch_size=5000 and drop_last=True'
    ):
        train(short(tmp_path, train_dataloader__batch_size=5000, train_dataloader__drop_last=True))
    assert not (tmp_path / 'summary.json').exists()


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        hold_folder(tmp_path)
        os.write(done, b'1')
        os.read(os.pipe()[0], 1)
    os.read(ready, 1)
    try:
        with pytest.raises(RuntimeError, match=f'Another run trains into {tmp_path}: process {child} on host'):
            train(short(tmp_path, epochs=1))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    train(short(tmp_path, epochs=1))


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize('resume', [True, False])
def test_a_checkpoint_that_would_have_to_be_executed_is_refused(tmp_path, checkpoint, resume):
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(content, bomb=Bomb(tmp_path / 'marker')), tmp_path / 'a.pth')
    (tmp_path / 'b.pth').write_bytes(pickle.dumps(Bomb(tmp_path / 'marker')))
    (tmp_path / 'c.pth').write_bytes(Path(checkpoint).read_bytes()[:1000])
    for name in ('a', 'b', 'c'):
        with pytest.raises(ValueError, match=f'{name}.pth cannot be read safely, and nothing of it was executed'):
            train(short(tmp_path / 'run', resume=resume, load_from=str(tmp_path / f'{name}.pth')))
    assert not (tmp_path / 'marker').exists()


def test_weights_alone_cannot_be_resumed(tmp_path, checkpoint):
    torch.save(dict(state_dict=torch.load(checkpoint, weights_only=True)['state_dict']), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='no meta and no message_hub and no optimizer: a run cannot go on from it'):
        train(short(tmp_path, resume=True, load_from=str(tmp_path / 'a.pth')))
    build_runner(short(tmp_path, load_from=str(tmp_path / 'a.pth'))).load_or_resume()
