"""Whether noisy validation chooses the method, against numbers made by hand."""

import pytest

from mmnoisy.benchmark.choice import SIZES, choice_page, choices, draw_choices
from mmnoisy.benchmark.store import Store
from tests.benchmark.suites import put_result, write_suite

MORE = """gce=dict(config='gce/gce_cnn3_60e_digits-sym40', title='GCE', noises=['sym40']),
    sce=dict(config='sce/sce_cnn3_60e_digits-sym40', noises=['sym40']),"""
#: By method, for two seeds: accuracy on noisy validation, and on the test set.
ACCURACIES = dict(
    ce=((50, 90), (50, 90)),
    mixup_ema=((55, 92), (54, 93)),
    gce=((60, 91), (53, 95)),
    sce=((45, 80), (45, 80)),
    ceiling=((99, 99), (99, 99)),
)


@pytest.fixture
def store(tmp_path):
    store = Store(write_suite(tmp_path, MORE, seeds=(0, 1)), tmp_path / 'out')
    for cell in store.suite.cells:
        if cell.noise == 'sym40':
            val, test = ACCURACIES[cell.method][cell.seed]
            put_result(store, cell, val_best=float(val), at_best_val=float(test), last=float(test))
    return store


def test_order_and_regret(store):
    (found,) = choices(store)
    assert found.noise == 'sym40' and found.methods == ['ce', 'mixup_ema', 'gce', 'sce']
    assert found.chosen == ['gce', 'mixup_ema']
    # One of six pairs of methods is the other way round, in each seed.
    assert found.tau.mean == pytest.approx(4 / 6) and found.tau.error == pytest.approx(0)
    assert found.regret.mean == pytest.approx((1 + 2) / 2) and found.regret.error == pytest.approx(0.5)
    assert found.worst == pytest.approx((12 + 15) / 2)
    regrets = [found.by_size[size] for size in SIZES]
    assert regrets[0] > regrets[2] > regrets[-1] and regrets[0] < found.worst


def test_a_few_samples_choose_by_chance(store, monkeypatch):
    monkeypatch.setattr('mmnoisy.benchmark.choice.SIZES', (1, 10**9))
    (found,) = choices(store)
    assert 2 < found.by_size[1] < 7 and found.by_size[10**9] == pytest.approx(found.regret.mean)


def test_page_and_picture(store, tmp_path):
    found = choices(store)
    draw_choices(found, tmp_path / 'choice.png')
    assert (tmp_path / 'choice.png').read_bytes()[:4] == b'\x89PNG'
    page = choice_page(store, found, 'choice.png')
    assert '| sym40 | 4 | 0.67 ± 0.00 | GCE (1), mixup_ema (1) | 1.5 ± 0.5 | 13.5 |' in page and '](choice.png)' in page
    assert 'folds' not in page and '[a.md](a.md)' in choice_page(store, found, 'choice.png', 'a.md')


def test_methods_that_lack_a_seed_take_no_part(store):
    (cell,) = (cell for cell in store.suite.cells if (cell.method, cell.noise, cell.seed) == ('sce', 'sym40', 1))
    (store.folder(cell) / 'result.json').unlink()
    assert choices(store)[0].methods == ['ce', 'mixup_ema', 'gce']


def test_methods_whose_chosen_epoch_was_not_tested_take_no_part(store):
    (cell,) = (cell for cell in store.suite.cells if (cell.method, cell.noise, cell.seed) == ('sce', 'sym40', 1))
    put_result(store, cell, val_best=45.0, at_best_val=None, last=80.0)
    assert choices(store)[0].methods == ['ce', 'mixup_ema', 'gce']
