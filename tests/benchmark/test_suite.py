"""A suite's plan: which runs there are, what makes two of them one, and what it refuses."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmnoisy.benchmark.command import parse_args, plan, seconds_of
from mmnoisy.benchmark.contents import content_key, data_identity, put_strings
from mmnoisy.benchmark.store import Store
from mmnoisy.benchmark.suite import chosen, read_suite
from mmnoisy.config import label_noises
from tests.benchmark.suites import put_result, write_suite
from tests.helpers import CONFIGS, ROOT


def test_cells_are_ordinary_configs_with_noise_and_seeds(tmp_path):
    suite = read_suite(write_suite(tmp_path, seeds=(0, 7)))
    assert [cell.name for cell in suite.cells[:4]] == [
        'ce sym40 seed 0',
        'mixup_ema sym40 seed 0',
        'ceiling sym40 seed 0',
        'ce asym30 seed 0',
    ]
    last = suite.cells[-1]
    noises = list(label_noises([last.content[f'{part}_dataloader'] for part in ('train', 'val')]))
    assert len(noises) == 2 and all(node['seed'] == 7 for node in noises)
    assert all(node['noise'] == dict(kind='asymmetric', rate=0.3, mapping='mnist') for node in noises)
    assert last.content['randomness']['seed'] == 7 and last.content['train_cfg']['max_epochs'] == 1
    # The config's own noise has no name in results.json.
    assert [cell.entry for cell in suite.cells[:4]] == [
        None,
        None,
        dict(trained_on='right labels only'),
        dict(kind='asymmetric', rate=0.3, mapping='mnist'),
    ]


def test_a_key_is_of_the_content_alone(tmp_path):
    first = read_suite(write_suite(tmp_path))
    keys = {cell.name: cell.key for cell in first.cells}
    assert len(set(keys.values())) == len(keys)
    (tmp_path / 'b').mkdir()
    renamed = write_suite(tmp_path / 'b')
    renamed.write_text(renamed.read_text().replace('ce=dict(', 'plain=dict(').replace('A tiny suite', 'Another'))
    assert [cell.key for cell in read_suite(renamed).cells] == list(keys.values())
    longer = read_suite(write_suite(tmp_path, epochs=2))
    assert not {cell.key for cell in longer.cells} & set(keys.values())
    assert content_key(dict(a=1, work_dir='x', log_level='INFO')) == content_key(dict(a=1, work_dir='y'))
    hooks = dict(logger=dict(type='LoggerHook', interval=10))
    assert content_key(dict(a=1)) == content_key(dict(a=1, default_hooks=hooks, fast=dict(compile=None)))
    assert content_key(dict(a=1)) != content_key(dict(a=1, fast=dict(compile='default')))
    assert content_key(dict(a=1)) != content_key(dict(a=1, default_hooks=dict(ema=dict(type='EMAHook'))))
    assert content_key(dict(a=1)) != content_key(dict(a=1.5)) != content_key(dict(a=1.5), 'other data')


def test_where_data_lie_is_no_content_but_the_data_are(tmp_path):
    banks = {name: tmp_path / name for name in ('a', 'b', 'c')}
    for name, folder in banks.items():
        folder.mkdir()
        meta = dict(checksum='1' if name != 'c' else '2', data='data-1', columns_file='columns-1', num_images=4)
        (folder / 'bank.json').write_text(json.dumps(meta))
    features = write_suite(tmp_path)
    text = features.read_text().replace('_cnn3_60e_digits-sym40', '_probe_40e_features')
    paths = "paths = dict(train='data/features/train', test='data/features/test')"
    features.write_text(re.sub(r'(?m)^.*(model|channels).*$', '', text) + paths)
    keys = {}
    for name, folder in banks.items():
        store = Store(features, tmp_path / 'out', dict(train=folder, test=banks['a']))
        keys[name] = store.suite.cells[0].key
        assert store.places == {'data/features/train': str(folder), 'data/features/test': str(banks['a'])}
    assert keys['a'] == keys['b'] != keys['c']
    assert str(tmp_path) not in str(store.suite.cells[0].content)
    # The next command need not name them again, and tables can be made where they are not.
    store.remember()
    for file in (banks['c'] / 'bank.json', banks['c']):
        file.unlink() if file.is_file() else file.rmdir()
    again = Store(features, tmp_path / 'out')
    assert again.suite.cells[0].key == keys['c'] and again.missing == ['train']
    with pytest.raises(ValueError, match='no data named trian, only train, test'):
        Store(features, tmp_path / 'out', dict(trian=tmp_path))


def test_identity_of_data(tmp_path):
    (tmp_path / 'f').write_text('1')
    first = data_identity(tmp_path)
    assert data_identity(tmp_path) == first and first.startswith('files')
    (tmp_path / 'f').write_text('12')
    assert data_identity(tmp_path) != first
    with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
        data_identity(tmp_path / 'nowhere')
    assert put_strings(dict(a=['x', ('x', 1)]), dict(x='y')) == dict(a=['y', ('y', 1)])


def test_only(tmp_path):
    cells = read_suite(write_suite(tmp_path, seeds=(0, 1))).cells
    names = lambda only: [cell.name for cell in chosen(cells, only)]  # noqa: E731
    assert len(names(None)) == len(cells) == 8
    assert names('ce/sym*/1') == ['ce sym40 seed 1']
    assert names('ceiling,ce/asym30') == [
        'ceiling sym40 seed 0',
        'ce asym30 seed 0',
        'ceiling sym40 seed 1',
        'ce asym30 seed 1',
    ]
    assert names('gce') == []


def test_the_plan_counts_and_estimates(tmp_path):
    store = Store(write_suite(tmp_path, seeds=(0, 1)), tmp_path / 'out')
    text = plan(store, store.suite.cells, 2)
    assert '8 runs' in text and '0 done, 0 failed, 0 running, 8 open' in text
    # Four runs of CE of 10 s on two workers; nobody has timed the others.
    assert 'about 20 s, and 4 runs of unknown length with 2 workers' in text
    put_result(store, store.suite.cells[0], seconds=dict(train=1.0, total=30.0))
    text = plan(store, store.suite.cells, 1)
    assert '1 done' in text and 'about 2 min, and 4 runs' in text
    assert any(line.split() == ['ce', '1/2', '0/2', '30.0'] for line in text.splitlines())


@pytest.mark.parametrize(
    'old, new, message',
    [
        ("role='ceiling', ", '', "one method needs role='ceiling'"),
        ("name = 'tiny'", '', r"lacks \['name'\]"),
        ("title = 'A", "titel = 'A", r"unknown entries \['titel'\]"),
        ("noises=['sym40']", "noises=['sym90']", r"mixup_ema needs .* not \['sym90'\]"),
        ("role='ceiling', noises", "role='ceiling', nosies", 'ceiling has the unknown options'),
    ],
)
def test_a_wrong_suite_is_refused(old, new, message, tmp_path):
    path = write_suite(tmp_path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as error:
        read_suite(path)
    assert str(path) in str(error.value)


def test_two_methods_that_are_one_are_refused(tmp_path):
    path = write_suite(tmp_path, more="twin=dict(config='ce/ce_cnn3_60e_digits-sym40'),")
    with pytest.raises(ValueError, match='twin sym40 seed 0 and ce sym40 seed 0 are one run'):
        read_suite(path)


@pytest.mark.parametrize('path', sorted((CONFIGS / 'suites').glob('*.py')), ids=lambda path: path.stem)
def test_suites_of_the_package(path):
    suite = read_suite(path)
    assert suite.name == path.stem
    # What is reported has several draws of the noise, what chooses settings one that is not reported.
    assert suite.seeds == [100] if path.stem.endswith('_tuning') else len(suite.seeds) > 1 or suite.folds > 1
    for method in suite.methods.values():
        assert Config.fromfile(CONFIGS / f'{method["config"]}.py').model
    # All methods of a suite see the same labels.
    for noise in suite.noises:
        drawn = {
            str(next(label_noises(c.content['train_dataloader']))['noise']) for c in suite.cells if c.noise == noise
        }
        assert len(drawn) == 1
    assert os.sep + 'work' not in Path(path).read_text()


def test_the_eight_of_all_photos_are_the_best_of_the_first_20000():
    with open(ROOT / 'docs/benchmarks/features.csv', encoding='utf-8', newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['noise'] == 'worse_label']
    suite = read_suite(CONFIGS / 'suites/features_50k.py')
    roles = {name for name, method in suite.methods.items() if method.get('role')}
    # Variants of methods that came into the table after the eight had been run.
    later = {'mda_dividemix', 'mda_m_correction', 'mda_ssr', 'mda_pes', 'dividemix_uniform', 'pes', 'pes_semi', 'ill'}
    ended = sorted(
        (float(row['last_mean']), row['method'])
        for row in rows
        if row['method'] not in roles and row['method'] not in later
    )
    assert {method for _, method in ended[-8:]} == set(suite.methods) - roles


def test_times():
    assert [seconds_of(text) for text in ('45', '90min', '2h', '1h30m', '1.5h')] == [45, 5400, 7200, 5400, 5400]
    for text in ('', 'soon', '2x', 'h'):
        with pytest.raises(Exception, match='is no time'):
            seconds_of(text)


def test_options(tmp_path, capsys):
    assert parse_args(['digits']).suite.endswith('suites/digits.py') and not parse_args(['digits']).collect
    assert parse_args(['collect', str(write_suite(tmp_path))]).collect
    for argv, message in (
        (['nothing'], "no suite 'nothing'"),
        (['digits', 'small'], 'one suite at a time'),
        (['digits', '--path', 'x'], 'not NAME=FOLDER'),
        (['digits', '--workers', '0'], 'at least 1'),
    ):
        with pytest.raises(SystemExit):
            parse_args(argv)
        assert message in capsys.readouterr().err
