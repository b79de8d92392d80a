"""Which folder predicts, of those that a command left behind."""

import pytest

from mmnoisy.jobs.predict import predict
from mmnoisy.jobs.run_folder import find_run


def make_run(folder):
    folder.mkdir(parents=True)
    (folder / 'best.py').write_text("model = dict(type='X')\n")
    (folder / 'epoch_3.pth').touch()
    return folder


@pytest.mark.parametrize('named', ['', 'refit', 'refit/run'])
def test_a_search_predicts_by_its_refit(tmp_path, named):
    (tmp_path / 'refit').mkdir()
    (tmp_path / 'best.py').write_text('')
    run = make_run(tmp_path / 'refit/run')
    assert find_run(tmp_path / named).checkpoint == run / 'epoch_3.pth'


def test_a_search_without_a_refit_says_so(tmp_path):
    (tmp_path / 'refit/run').mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=f'{tmp_path} holds no finished run'):
        find_run(tmp_path)


def test_unreadable_images_alone_are_no_error(tmp_path, monkeypatch):
    from mmengine.config import Config
    from torch import nn

    from mmnoisy.jobs import predict as module

    run = find_run(make_run(tmp_path / 'run'))
    run = run._replace(cfg=Config(dict(features=dict(backbone='efficientnet_lite0', weights=None, size=32))))
    monkeypatch.setattr(module, 'find_run', lambda folder: run)
    monkeypatch.setattr(module, 'load_model', lambda run, device: (nn.Linear(1, 2), ['cat', 'ship']))
    (tmp_path / 'empty.png').touch()
    found = predict(tmp_path / 'run', tmp_path / 'empty.png')
    assert found.paths == [] and list(found.unreadable) == [str(tmp_path / 'empty.png')]
