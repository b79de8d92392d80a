"""The portfolio: chosen by noisy validation to cover the settings, and fitted to a space; and searches simulated on a grid."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from mmnoisy.search.choice import complete, draw, to_dict
from mmnoisy.search.grid import grid_choices, write_grid
from mmnoisy.search.portfolio import choose, greedy, load, methods_table
from mmnoisy.search.replay import distance, rank_correlation, regrets, stored, tried
from mmnoisy.search.rules import broken
from mmnoisy.search.space import find_space, read_space
from mmnoisy.search.trial import read_trial

optuna = pytest.importorskip('optuna')


@pytest.fixture(scope='module')
def space():
    return read_space(find_space('features'))


def grid_of(space, count=60, settings=('a', 'b', 'c'), seed=0):
    """A grid in which a part is good under one setting each, with noise on the objective; clean accuracy is known."""
    rng, random_ = np.random.default_rng(seed), random.Random(seed)
    choices = [draw(space, random_) for _ in range(count)]
    # Something rare, so that it has to be learnt.
    good = dict(zip(settings, (('loss', 'gce'), ('correction', 'elr'), ('selection', 'coteaching'))))
    found = {}
    for setting in settings:
        slot, part = good[setting]
        for number, choice in enumerate(choices):
            clean = 60 + 20 * (choice.parts[slot] == part) - 5 * (choice.parts['network'] == 'mlp') + rng.normal()
            result = dict(choice=to_dict(choice), validation={'1': clean / 2, '2': clean / 2}, test={'2': clean})
            found.setdefault(setting, {})[number] = result
    return found


def test_greedy_covers_what_one_choice_cannot():
    scores = np.array([[90.0, 50], [50, 90], [80, 80], [85, 50], [10, 10]])
    assert greedy(scores, size=3, least=1)[:1] == [2]
    assert set(greedy(scores, size=3, least=1)) == {0, 1, 2}
    assert greedy(scores, size=5, least=1) == greedy(scores, size=3, least=1), 'what adds nothing is left out'
    assert len(greedy(scores, size=5, least=4)) == 4
    # What was not measured counts as the worst that was.
    assert greedy(np.array([[np.nan, 81], [50, 80], [10, 10]]), size=1, least=1) == [1]


def test_a_grid_that_was_begun_keeps_its_choices(space, tmp_path):
    """Else one number would be another choice under each noise, once the space has a part more."""
    where = dict(train='bank', test='bank')
    fewer = replace(space, slots={**space.slots, 'loss': ['gce', 'ce'], 'network': ['linear']})
    write_grid(tmp_path, fewer, 3, ['sym50'], where)
    folders = write_grid(tmp_path, space, 5, ['sym50', 'asym40'], where)
    assert [folder.name for folder in folders[:2]] == ['0000-sym50', '0000-asym40'] and len(folders) == 10
    choices = [read_trial(folder)['choice'] for folder in folders]
    assert choices[::2] == choices[1::2]
    assert choices[:6:2] == [to_dict(choice) for choice in grid_choices(fewer, 3)]
    assert len({repr(choice) for choice in choices}) == 5 and choices[0] != to_dict(grid_choices(space, 1)[0])


def test_a_portfolio_is_chosen_without_the_setting_under_test(space):
    tables = [grid_of(space)]
    whole, without = choose(tables), choose(tables, without='b')
    assert any(choice.parts['correction'] == 'elr' for choice in whole[:4])
    assert 6 <= len(whole) <= 8
    changed = json.loads(json.dumps(tables))
    for result in changed[0]['b'].values():
        result['validation'] = {'1': 0.0}
    changed = [{name: {int(n): r for n, r in trials.items()} for name, trials in changed[0].items()}]
    assert choose(changed, without='b') == without
    with pytest.raises(ValueError, match='no stored result'):
        choose([])


@pytest.mark.parametrize('name', ['features', 'small_images', 'fine_tuning'])
def test_the_packaged_portfolio_fits_every_space(name):
    space = read_space(find_space(name))
    found = load(space)
    assert len(found) >= 4 and not [choice for choice in found if broken(space.rules, choice.parts)]
    assert len({repr(choice) for choice in found}) == len(found)
    for choice in found:
        assert complete(space, choice.parts, choice.numbers) == choice


def test_a_portfolio_of_other_parts_is_left_out(space, tmp_path):
    good = complete(space, dict(loss='gce'), {'loss.gce.q': 0.5})
    other = dict(parts=dict(loss='hinge'), numbers={})
    outside = dict(parts=dict(loss='gce', correction='none'), numbers={'loss.gce.q': 99, 'lr': 0.02})
    path = tmp_path / 'portfolio.json'
    path.write_text(json.dumps(dict(features=[other, to_dict(good), outside])))
    assert load(space, path) == [good]
    path.write_text(json.dumps(dict(features=[outside])))
    assert load(space, path)[0].numbers == {'lr': 0.02, 'loss.gce.q': 0.7}


def test_results_of_the_repository_are_a_table():
    space = read_space(find_space('small_images'))
    found = methods_table(space)
    names = {result['choice']['parts']['selection'] for result in found['sym40'].values()}
    assert {'none', 'ssr', 'codivide', 'coteaching'} <= names
    plain = next(r for r in found['sym40'].values() if r['choice']['parts'] == complete(space).parts)
    assert plain['value'] == pytest.approx(np.mean([96.67, 97.22, 94.72]), abs=1.5)
    # Of the features, whose table has tuned runs too: each noise compares several methods, with their defaults.
    noises = methods_table(read_space(find_space('features')))
    assert len(noises) >= 5 and min(map(len, noises.values())) >= 10


def test_runs_of_a_benchmark_are_a_table(space, tmp_path):
    for i, (config, value) in enumerate([('gce/gce_probe_40e_features', 50.0), ('gce/gce_probe_40e_features', 52.0)]):
        (tmp_path / f'runs/{i}').mkdir(parents=True)
        run = dict(config=config, noise='sym50', val_best=value, noise_entry=None)
        (tmp_path / f'runs/{i}/result.json').write_text(json.dumps(run))
    (only,) = methods_table(space, tmp_path)['sym50'].values()
    assert only['value'] == 51.0 and only['choice']['parts']['loss'] == 'gce'


def test_a_simulated_search_tries_each_choice_once_and_ends_at_no_regret(space):
    tables = grid_of(space)
    grid = stored(tables['a'])
    for sampler in ('random', 'tpe'):
        order = tried(space, grid, sampler, [], 0, len(grid.choices))
        assert sorted(order) == list(range(len(grid.choices)))
    assert tried(space, grid, 'random', [5, None, 7], 0, 4)[:2] == [5, 7]
    for way in ('random', 'tpe', 'portfolio_tpe'):
        assert regrets(space, tables, 'a', way, 0, (3, len(grid.choices)))[1] < 2
    assert rank_correlation(grid) > 0.99


def test_tpe_learns_from_the_grid(space):
    tables = grid_of(space, 120)
    grid = stored(tables['b'])
    best = {i for i, choice in enumerate(grid.choices) if choice.parts['correction'] == 'elr'}
    asked = [len(best & set(tried(space, grid, 'tpe', [], seed, 30))) for seed in range(3)]
    drawn = [len(best & set(tried(space, grid, 'random', [], seed, 30))) for seed in range(3)]
    assert np.mean(asked) > 1.5 * np.mean(drawn)


def test_distance(space):
    plain = complete(space)
    assert distance(space, plain, plain) == 0
    assert distance(space, plain, complete(space, dict(loss='gce'))) == 1
    assert 0 < distance(space, plain, complete(space, {}, {'lr': 0.2})) <= 0.5
