"""Figures have one source: the tables, metafiles and the model index say what ``configs/*/results.json`` say."""

import json
import re
import shutil

import pytest
import yaml

from mmnoisy.evaluation import tables
from mmnoisy.evaluation.method_parts import MethodParts
from mmnoisy.evaluation.results_file import add_run, figure, read_results, value, write_results
from mmnoisy.evaluation.results_table import results_table
from tests.helpers import CONFIGS, ROOT

METHODS = sorted(file.parent.name for file in CONFIGS.glob('*/README.md'))
RUN = dict(config='a_cnn3_60e_digits-sym40', seed=0, noise_seed=0, last=90.0, at_best_val=None, oracle_best=None)
RUN.update(detection=None, seconds=None, device=None, commit=None)


def results_of(*runs, means=()):
    return dict(name='A', paper=None, headline=RUN['config'], note='', means=list(means), runs=list(runs))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / f'{RUN["config"]}.py').touch()
    return tmp_path / 'a'


@pytest.fixture(scope='module')
def generated():
    return tables.generated(ROOT)


def test_every_file_is_as_generated(generated):
    different = [str(path.relative_to(ROOT)) for path, text in generated.items() if path.read_text() != text]
    assert not different, f'run `make tables`: {different}'
    assert {f'configs/{method}/metafile.yml' for method in METHODS} < {
        str(path.relative_to(ROOT)) for path in generated
    }


@pytest.mark.parametrize('method', METHODS)
def test_every_config_has_figures_or_is_named_as_not_run(method, generated):
    results = read_results(CONFIGS / method / 'results.json')
    table, not_run = re.search(
        r'<!-- results: written.*?-->\n(.*?)(?:Not run: (.*?)\.\n)?<!-- results: end',
        generated[CONFIGS / method / 'README.md'],
        re.S,
    ).groups()
    ran = {run['config'] for run in results['runs']}
    assert set(re.findall(r'^\| `([^`]+)`', table, re.M)) == ran
    assert set(re.findall('`([^`]+)`', not_run or '')) == {file.stem for file in (CONFIGS / method).glob('*.py')} - ran


def copy_of(tmp_path, *methods):
    """A repository of a few methods; the README's rows of others are left out."""
    for method in {'ce', *methods}:
        shutil.copytree(CONFIGS / method, tmp_path / 'configs' / method)
    shutil.copytree(CONFIGS / '_base_', tmp_path / 'configs' / '_base_')
    kept = [
        line
        for line in (ROOT / 'README.md').read_text().splitlines(keepends=True)
        if not (found := re.search(r'\]\(configs/(\w+)\) \|', line)) or found[1] in {'ce', *methods}
    ]
    (tmp_path / 'README.md').write_text(''.join(kept))
    return tmp_path


def test_a_figure_changed_by_hand_is_found_and_mended(tmp_path):
    root = copy_of(tmp_path, 'mae')
    tables.write_tables(root)
    assert tables.write_tables(root, check=True) == []
    files = ['configs/mae/README.md', 'configs/mae/metafile.yml', 'README.md']
    sound = [(root / name).read_text() for name in files]
    for name, text in zip(files, sound):
        assert '97.5' in text
        (root / name).write_text(text.replace('97.5', '97.6'))
    assert sorted(tables.write_tables(root, check=True)) == sorted(files)
    assert '97.6' in (root / files[0]).read_text()
    tables.write_tables(root)
    assert [(root / name).read_text() for name in files] == sound


def test_a_new_run_moves_every_table(tmp_path):
    root = copy_of(tmp_path, 'mae')
    results = read_results(root / 'configs/mae/results.json')
    config = 'mae_cnn3_20e_fashion-mnist-sym40'
    add_run(
        results,
        dict(config=config, seed=3, noise_seed=7, last=12.34, commit='abc', noise=dict(kind='pairflip', rate=0.3)),
    )
    add_run(results, dict(config='mae_cnn3_60e_digits-sym40', seed=0, noise_seed=0, last=1.0))
    write_results(results, root / 'configs/mae/results.json')
    tables.write_tables(root)
    text = (root / 'configs/mae/README.md').read_text()
    assert f'| `{config}` `kind=pairflip rate=0.3` | 3 | 12.3 |' in text
    assert re.search(r'Noise seed: 0, [\d, ]*7\.', text)
    assert f'`{config}`' not in text[text.index('Not run:') :]
    mean = (1.0 + 96.94 + 97.22) / 3
    assert f'[mae](configs/mae) | {mean:.1f} |' in (root / 'README.md').read_text()
    models = {
        model['Name']: model for model in yaml.safe_load((root / 'configs/mae/metafile.yml').read_text())['Models']
    }
    metrics = models['mae_cnn3_60e_digits-sym40']['Results'][0]['Metrics']
    assert metrics['Top 1 Accuracy (last epoch, mean of seeds 0, 1, 2)'] == round(mean, 1)
    # The noise of this run is not the config's own.
    assert 'Results' not in models[config]


def test_the_short_table_has_the_methods_that_ran_under_every_noise(tmp_path):
    path = tmp_path / 'suite.csv'
    head = 'method,title,noise,last_mean,last_std\n'
    path.write_text(f'{head}ce,CE,a,50.04,1.26\nce,CE,b,60,\ngce,GCE,a,70,1\ngce,GCE,b,,\n')
    assert tables.short_table(path).splitlines() == [
        '| method | a | b |',
        '| --- | --- | --- |',
        '| CE | 50.0 ± 1.3 | 60.0 |',
    ]


def test_the_readme_misses_a_method(tmp_path):
    root = copy_of(tmp_path)
    shutil.copytree(CONFIGS / 'mae', root / 'configs' / 'mae')
    with pytest.raises(ValueError, match='no row for mae'):
        tables.generated(root)


def test_figures_come_from_runs_before_means():
    mean = dict(config=RUN['config'], seeds=[0, 1], last=50.0, detection=dict(auc=0.75))
    results = results_of(RUN, dict(RUN, seed=1, last=80.0), dict(RUN, seed=2, last=None), means=[mean])
    assert figure(results, RUN['config'], 'last') == (85.0, [90.0, 80.0], [0, 1])
    assert figure(results, RUN['config'], 'auc') == (0.75, None, [0, 1])
    assert figure(results, RUN['config'], 'f1') is None
    assert figure(results, RUN['config'], 'last', dict(kind='pairflip')) is None
    table = results_table(results, [RUN['config'], 'b'])
    assert f'| `{RUN["config"]}` | 0, 1, 2 | 85.0 (90.0, 80.0) (seed 0, 1) | 0.750 (seed 0, 1) |' in table
    assert table.endswith('Not run: `b`.') and 'AUC of the score' in table and 'flags' not in table


def test_a_file_is_read_as_it_was_written(folder):
    results = results_of(RUN)
    add_run(results, dict(RUN, last=91.0))
    add_run(results, dict(config=RUN['config'], seed=1, noise_seed=0, detection=dict(auc=0.5)))
    write_results(results, folder / 'results.json')
    read = read_results(folder / 'results.json')
    assert read == results and [run['last'] for run in read['runs']] == [91.0, None]
    assert value(read['runs'][1], 'auc') == 0.5 and read['runs'][1]['commit'] is None
    assert [file.name for file in folder.iterdir() if 'new' in file.name] == []


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(last=101), r'last of a_cnn3_60e_digits-sym40 is 101, not a number in \[0, 100\]'),
        (dict(last='90'), 'not a number'),
        (dict(detection=dict(auc=99.0)), r'auc of .* not a number in \[0, 1\]'),
        (dict(detection=dict(purity=0.5)), "unknown keys \\['purity'\\]"),
        (dict(seed='0'), 'not a whole number'),
        (dict(config='b'), 'no config b.py'),
        (dict(accuracy=1), "unknown keys \\['accuracy'\\]"),
    ],
)
def test_a_wrong_entry_is_named(change, message, folder):
    (folder / 'results.json').write_text(json.dumps(results_of(RUN | change)))
    with pytest.raises(ValueError, match=message) as error:
        read_results(folder / 'results.json')
    assert str(error.value).startswith(str(folder / 'results.json'))
    with pytest.raises(ValueError, match=message):
        write_results(results_of(RUN | change), folder / 'new.json')
    assert not (folder / 'new.json').exists()


def test_a_run_is_there_once(folder):
    (folder / 'results.json').write_text(json.dumps(results_of(RUN, RUN)))
    with pytest.raises(ValueError, match='two runs of a_cnn3_60e_digits-sym40 have the seed 0'):
        read_results(folder / 'results.json')


def test_a_missing_key_is_named(folder):
    (folder / 'results.json').write_text(json.dumps(results_of({k: v for k, v in RUN.items() if k != 'commit'})))
    with pytest.raises(ValueError, match="lacks \\['commit'\\]"):
        read_results(folder / 'results.json')


def test_figures_on_photos_are_those_of_the_headlines_variant():
    def of(*configs):
        noises = ({'data': 'cifar10-20k', 'label': 'worse_label'}, {'data': 'cifar10-20k', 'label': 'random_label1'})
        probes = [dict(RUN, config=f'{name}_probe_40e_features') for name in configs]
        return results_of(
            RUN, *(dict(run, seed=s, last=80.0 + s, noise=n) for run in probes for n in noises for s in (0, 1))
        )

    name = RUN['config'].split('_cnn3_')[0]
    assert tables.photo_cells(of()) == ['', '']
    assert tables.photo_cells(of(name, 'b')) == tables.photo_cells(of('b')) == ['80.5', '']
    assert tables.photo_cells(of('b', 'c')) == ['', '']


def test_a_note_asks_for_a_figure_that_is_not_there():
    with pytest.raises(ValueError, match='asks for {b:last}'):
        tables.fill_note('so {b:last}', dict(a=results_of(RUN)))
    assert tables.fill_note(f'so {{{RUN["config"]}:last}}', dict(a=results_of(RUN))) == 'so 90.0 (seed 0)'


def test_a_readme_without_its_markers():
    with pytest.raises(ValueError, match='results: written by tools/tables.py'):
        tables.put_block('# A\n', 'results', 'x')


def test_a_part_that_is_not_registered():
    with pytest.raises(ValueError, match='mmnoisy.NoSuchLoss, which is not registered'):
        MethodParts(CONFIGS).lines('mae', '`mmnoisy.NoSuchLoss`')
