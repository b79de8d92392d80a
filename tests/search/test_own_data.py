"""A search on images of one's own: by the command, and within ``--method auto``."""

import json
import shutil
import sys

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from sklearn.datasets import load_digits

from mmnoisy import api
from mmnoisy.cli import main
from mmnoisy.jobs.combination import fitted, with_trusted
from mmnoisy.search.ablation import WHOLE, read_best, variants
from mmnoisy.search.choice import complete
from mmnoisy.search.space import find_space, read_space
from tests.cli.messy import write_image

pytest.importorskip('optuna')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """60 digits of three classes in folders, a sixth of them wrong, 15 of them to judge by."""
    pytest.importorskip('timm')
    pytest.importorskip('cleanlab')
    root, digits = tmp_path_factory.mktemp('own') / 'photos', load_digits()
    for number in range(3):
        for i, row in enumerate(np.flatnonzero(digits.target == number)[:20]):
            path = root / ('val' if i % 4 == 3 else 'train') / 'abc'[(number + (i % 6 == 5)) % 3] / f'{number}-{i}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, digits.images[row], 0)
    return root


def test_the_command_finds_a_combination_and_trains_it(data, tmp_path, capsys):
    out = tmp_path / 'search'
    options = ['--work-dir', str(out), '--budget', '2t', '--epochs', '3', '--confirm', '1']
    assert main(['search', str(data), *options]) == 0
    printed = capsys.readouterr().out
    assert 'Standard error of an accuracy' in printed and 'confirm' in printed
    told = json.loads((out / 'found.json').read_text())
    assert told['trials'] == 2 and len(told['confirmed'][0]['each']) == 3
    assert (out / 'report.html').is_file() and (out / 'leaderboard.csv').is_file()
    predictions = api.predict(out / 'refit' / 'run', [str(next(data.rglob('*.png')))])
    assert predictions.classes == ['a', 'b', 'c']
    space, choice, _ = read_best(out / 'best.py')
    assert choice.parts == told['best']['parts'] and WHOLE in variants(space, choice)
    assert Config.fromfile(out / 'best.py').work_dir == str(out.resolve() / 'best')
    assert f'(into{out / "best"})' in ''.join(printed.split()), 'long paths are wrapped'
    check_pages(out, tmp_path, capsys)
    check_other_data_are_refused(data, out, options, tmp_path, capsys)


def check_other_data_are_refused(data, out, options, tmp_path, capsys):
    """Before anything in the folder is written over, and with what differs."""
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.name != '.lock'}
    relabelled = shutil.copytree(data, tmp_path / 'copy' / 'photos')
    moved = next((relabelled / 'train' / 'a').iterdir())
    moved.rename(relabelled / 'train' / 'b' / moved.name)
    trusted = tmp_path / 'trusted.csv'
    trusted.write_text(f'path,label\n{next((data / "val" / "a").iterdir())},a\n')
    for given, more, what in (
        (data / 'train', [], f'images: {data} (60 images) then, {data / "train"} (45 images) now'),
        (relabelled, [], f'images: {data} (60 images) then, {relabelled} (60 images) now'),
        (data, ['--trusted', str(trusted)], f'trusted images: none then, {trusted} (1 images) now'),
        (data, ['--epochs', '4'], 'options: --epochs 3 --seed 0 then, --epochs 4 --seed 0 now'),
    ):
        assert main(['search', str(given), *options, *more]) == 1
        said = capsys.readouterr().err
        assert f'{out} holds another search ({what}): name another folder for this one, or remove {out}' in said
    moved = next((data / 'train' / 'a').iterdir())
    moved.rename(data / 'train' / 'b' / moved.name)
    assert main(['search', str(data), *options]) == 1
    assert 'whose files, labels or parts were others then' in capsys.readouterr().err
    (data / 'train' / 'b' / moved.name).rename(moved)
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.name != '.lock'}


def check_pages(out, tmp_path, capsys):
    """A search has a page by ``mmnoisy report``, alone and beside others."""
    first = (out / 'report.html').read_text()
    (out / 'report.html').unlink()
    assert main(['report', str(out)]) == 0
    assert f'about the trials of the search in {out}' in capsys.readouterr().out
    assert (out / 'report.html').read_text() == first
    assert main(['report', str(out), str(out / 'refit' / 'run' / '.'), '--out', str(tmp_path / 'two.html')]) == 1
    assert 'named twice' in capsys.readouterr().err
    shutil.copytree(out / 'refit' / 'run', tmp_path / 'other')
    assert main(['report', str(out), str(tmp_path / 'other'), '--out', str(tmp_path / 'two.html')]) == 0
    assert f'Of {out} the page shows the run refit/run.' in capsys.readouterr().out
    assert (tmp_path / 'two.html').is_file()


def test_a_search_without_a_trial_has_no_page(tmp_path):
    about = dict(file='nowhere', space='features', base='ce/ce_probe_40e_features.py', epochs=20, num_samples=9)
    (tmp_path / 'search.json').write_text(json.dumps(about))
    with pytest.raises(ValueError, match='No trial of the search'):
        api.report(tmp_path)
    (tmp_path / 'search.json').write_text('{')
    with pytest.raises(ValueError, match='search.json is damaged'):
        api.report(tmp_path)


def test_trusted_images_judge_and_are_not_trained_on(data, tmp_path, capsys):
    trusted = tmp_path / 'trusted.csv'
    files = sorted((data / 'train').rglob('*.png'))[::7]
    lines = [f'{path},{"abc"[int(path.name[0])]}' for path in files]
    trusted.write_text('\n'.join(['path,label', *lines]) + '\n')
    out = tmp_path / 'search'
    options = ['--budget', '1t', '--epochs', '2', '--confirm', '0', '--refit-epoch', 'label_wave']
    assert main(['search', str(data), '--work-dir', str(out), '--trusted', str(trusted), *options]) == 0
    printed = capsys.readouterr().out
    assert 'Training on the training images, 2 epochs: ' in printed and 'Checked labels: ' in printed
    found, page = json.loads((out / 'found.json').read_text()), (out / 'report.html').read_text()
    assert found['judged_by'] == 'checked labels' and 'accuracy on checked labels, in percent' in page
    said = [printed, (out / 'best.py').read_text().splitlines()[0], json.dumps(found), page]
    said += [(out / 'leaderboard.csv').read_text().splitlines()[0]]
    for words in ('noisy val', 'Noisy val', 'noisy_val', 'other folds', 'wrong by the best'):
        assert not [text for text in said if words in text], words
    cfg = Config.fromfile(out / 'best.py')
    train, val = (DATASETS.build(cfg[f'{part}_dataloader'].dataset) for part in ('train', 'val'))
    # What the data held out before is trained on now.
    assert len(val) == len(files) and len(train) == 60 - len(files)
    assert [val.get_data_info(i)['gt_label'] for i in range(len(val))] == [int(path.name[0]) for path in files]


def test_trusted_images_that_cannot_judge_are_refused(data, tmp_path):
    own, other = api.read_data(data), tmp_path / 'other.csv'
    with pytest.raises(ValueError, match='has all images of .*: nothing is left to train on'):
        with_trusted(own, own, tmp_path / 'data.csv')
    other.write_text(f'path,label\n{own.paths[0]},zebra\n')
    with pytest.raises(ValueError, match="has the class 'zebra'; those of training are a, b, c"):
        with_trusted(own, api.read_data(other), tmp_path / 'data.csv')
    weighted = tmp_path / 'weighted.csv'
    weighted.write_text(f'path,label,weight\n{own.paths[0]},a,1\n{own.paths[1]},b,0.5\n')
    with pytest.raises(ValueError, match='has a column of weights'):
        with_trusted(api.read_data(weighted), own, tmp_path / 'data.csv')


def test_auto_trains_the_combination_of_a_search_beside_plain_training(data, tmp_path, capsys):
    folder = tmp_path / 'auto'
    assert main(['train', str(data), '--work-dir', str(folder), '--frozen', '--budget', '2t']) == 0
    found = json.loads((folder / 'auto.json').read_text())
    assert {'combination', 'ce_probe', 'elr_probe', 'gce_probe', 'ce'} == set(found['runs'])
    assert found['runs'][found['winner'] if found['winner'] != 'ce_all' else 'ce']['val'] == max(
        run['val'] for run in found['runs'].values()
    )
    assert 'The combination: ' in capsys.readouterr().out
    assert api.predict(folder / 'combination', [str(next(data.rglob('*.png')))]).classes == ['a', 'b', 'c']


def test_a_budget_is_of_auto_alone(data, tmp_path, capsys):
    options = ['--method', 'ce', '--work-dir', str(tmp_path / 'x'), '--budget', '2t']
    assert main(['train', str(data), *options]) == 1
    assert '--budget is of the search of --method auto, not of ce' in capsys.readouterr().err
    assert main(['train', str(data), '--budget', 'soon']) == 1
    assert "'soon' is no budget such as 30m" in capsys.readouterr().err


@pytest.mark.parametrize(
    'options, message',
    [
        (['--confirm', '-1'], '--confirm must be at least 0, not -1.'),
        (['--workers', '0'], '--workers must be at least 1, not 0.'),
        (['--ensemble', '-2'], '--ensemble must be at least 0, not -2.'),
        (['--epochs', '1'], '--epochs must be at least 2 in a search, not 1'),
    ],
)
def test_numbers_that_cannot_be_are_refused_before_features_are_made(data, tmp_path, capsys, options, message):
    assert main(['search', str(data), '--work-dir', str(tmp_path / 'x'), *options]) == 1
    captured = capsys.readouterr()
    assert message in captured.err and 'Features of' not in captured.out and not (tmp_path / 'x').exists()


@pytest.mark.parametrize('command', [['search'], ['train', '--budget', '2t']])
def test_without_optuna_nothing_is_begun(data, tmp_path, capsys, monkeypatch, command):
    monkeypatch.setitem(sys.modules, 'optuna', None)
    assert main([command[0], str(data), '--work-dir', str(tmp_path / 'x'), *command[1:]]) == 1
    captured = capsys.readouterr()
    assert 'A search needs Optuna: pip install "mmnoisy[search]".' in captured.err
    assert 'Features of' not in captured.out and not (tmp_path / 'x').exists()


def test_a_choice_on_features_becomes_one_of_a_network():
    probe, network = read_space(find_space('features')), read_space(find_space('fine_tuning'))
    choice = complete(probe, dict(loss='jal', selection='ssr', regulariser='l1', network='mlp'), {'lr': 0.1})
    found = fitted(network, choice)
    assert found.parts['selection'] == 'ssr' and found.parts['loss'] == 'ce' and found.numbers['lr'] == 0.01
    assert set(found.parts) == set(network.slots)


def test_a_part_is_removed_with_what_needs_it():
    space = read_space(find_space('small_images'))
    best = complete(space, dict(selection='codivide', semi='mixmatch', loss='gce', augmentation='shift'))
    found = variants(space, best)
    assert set(found) == {
        WHOLE,
        'selection=codivide and semi=mixmatch',
        'loss=gce',
        'augmentation=shift',
    }
    assert found['loss=gce'].parts == {**best.parts, 'loss': 'ce'}
    assert found['loss=gce'].numbers['lr'] == best.numbers['lr']
