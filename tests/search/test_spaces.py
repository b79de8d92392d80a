"""Spaces: what composes trains, what does not is refused, and a choice is an ordinary config."""

import re

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmnoisy.run import forget_runs
from mmnoisy.search.choice import as_file, complete, content, draw, from_dict, to_dict
from mmnoisy.search.rules import broken
from mmnoisy.search.space import SLOTS, find_space, read_space
from tests.search.tiny import allowed_pairs, covering, pairs, tiny_base, write_bank

NAMES = ('features', 'features_views', 'small_images', 'fine_tuning')


@pytest.fixture(scope='module')
def bases(tmp_path_factory):
    """Narrow networks over the spaces' bases, by name of the space."""
    folder = tmp_path_factory.mktemp('bases')
    return dict(
        features=tiny_base(folder, 'features', write_bank(folder / 'bank')),
        features_views=tiny_base(folder, 'features_views', write_bank(folder / 'views', views=3)),
        small_images=tiny_base(folder, 'small_images'),
    )


def train(whole, work_dir):
    """Two epochs of two iterations or so, without what only writes files; of a recipe the stage that measures."""
    cfg = Config(whole)
    stages = cfg.pop('stages', None)
    if stages:
        cfg.merge_from_dict(stages[0]['options'])
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    # Sweeps take the transforms of validation.
    cfg.train_cfg.val_begin = 100
    cfg.default_hooks.pop('summary')
    cfg.default_hooks.checkpoint = cfg.default_hooks.logger = None
    cfg.visualizer = dict(type='UniversalVisualizer', vis_backends=[])
    cfg.update(work_dir=str(work_dir), log_level='ERROR', experiment_name=f'{work_dir.parent.name}-{work_dir.name}')
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter >= 2


@pytest.mark.parametrize('name', ['features', 'features_views', 'small_images'])
def test_every_allowed_pair_trains(bases, name, tmp_path):
    space = read_space(find_space(name), base=bases[name], epochs=2)
    # What composes on features composes on their views, and on images.
    known = set() if name == 'features' else allowed_pairs(read_space(find_space('features')))
    left, tried = allowed_pairs(space) - known, set()
    forget_runs()
    for i, choice in enumerate(covering(space, known)):
        try:
            train(content(space, choice), tmp_path / str(i))
        except Exception as error:
            raise AssertionError(f'{choice} is allowed and does not train: {error}') from error
        tried |= pairs(choice.parts)
    forget_runs()
    assert left and left <= tried


def test_a_choice_is_a_short_config_that_reads_as_it_was_built(bases, tmp_path):
    import random

    space, rng = read_space(find_space('small_images'), base=bases['small_images']), random.Random(1)
    for _ in range(5):
        choice = draw(space, rng)
        whole = content(space, choice, {'train_dataloader.dataset.noise': dict(kind='pairflip', rate=0.2)})
        path = tmp_path / 'choice.py'
        path.write_text(as_file(space, whole, path))
        assert Config.fromfile(path).to_dict() == whole
        assert len(path.read_text().splitlines()) < 20
        assert from_dict(to_dict(choice)) == choice


def test_the_numbers_of_a_choice_stand_in_its_config():
    space = read_space(find_space('features'))
    choice = complete(space, dict(selection='coteaching', loss='gce'), {'loss.gce.q': 0.3, 'lr': 0.02})
    whole = content(space, choice)
    assert whole['model']['network']['head']['loss'] == dict(type='mmnoisy.GCELoss', q=0.3)
    assert whole['optim_wrapper']['optimizer']['lr'] == 0.02
    assert whole['model']['forget_rate']['num_gradual'] == space.warmup == 1
    assert not re.search(r'\{\w+\}', repr(whole)), 'a number was not put in'


def test_drawn_choices_compose_and_use_every_part():
    import random

    for name in NAMES:
        space, rng = read_space(find_space(name)), random.Random(0)
        drawn = [draw(space, rng) for _ in range(400)]
        assert not [choice for choice in drawn if broken(space.rules, choice.parts)]
        for slot, names in space.slots.items():
            assert {choice.parts[slot] for choice in drawn} == set(names)


def test_a_space_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(FileNotFoundError, match="no space 'fetures'.*the nearest is 'features': .*small_images"):
        find_space('fetures')
    with pytest.raises(FileNotFoundError, match='no space'):
        find_space('elsewhere/features')


def test_choices_that_do_not_compose_are_refused():
    space = read_space(find_space('features'))
    with pytest.raises(ValueError, match='does not compose'):
        complete(space, dict(loss='gce', correction='elr'))
    with pytest.raises(ValueError, match='has no loss=hinge'):
        complete(space, dict(loss='hinge'))
    with pytest.raises(ValueError, match='is no number of these parts'):
        complete(space, {}, {'loss.gce.q': 0.3})


GOOD = """
name = 'own'
base = 'ce/ce_cnn3_60e_digits-sym40'
epochs = 2
slots = dict(loss=['ce', 'gce'], correction=['none', 'elr'])
parts = dict(
    loss=dict(ce=dict(), gce=dict(network={'head.loss': dict(type='mmnoisy.GCELoss', q='{q}')},
                                 numbers=dict(q=dict(low=0.1, high=0.9)))),
    correction=dict(none=dict(), elr=dict(hooks=[dict(type='mmnoisy.LossStateHook')])),
)
rules = [dict(parts=dict(correction=['elr']), not_with=dict(loss=['gce']), because='of a reason')]
"""


@pytest.mark.parametrize(
    'old, new, message',
    [
        ("loss=['ce', 'gce']", "loss=['ce', 'gce'], optimiser=['sgd']", "there is no slot 'optimiser'"),
        ("loss=['ce', 'gce']", "loss=['ce', 'gcee']", "there is no part 'gcee', only ce, gce"),
        (
            'mmnoisy.GCELoss',
            'mmnoisy.GCELos',
            "parts.loss.gce: no registry has the type 'mmnoisy.GCELos'; the nearest is 'mmnoisy.GCELoss'.",
        ),
        ('low=0.1', 'low=0.9', 'numbers.q is an empty range: low 0.9 is not below high 0.9'),
        (
            "not_with=dict(loss=['gce'])",
            "not_with=dict(loss=['ce', 'gce'])",
            'correction=elr is forbidden with everything',
        ),
        ("because='of a reason'", "why='x'", 'is no rule'),
        ("q='{q}'", 'q=0.5', 'numbers.q is used nowhere'),
        ('network=', 'networks=', "has the unknown entry 'networks'"),
        ('epochs = 2', 'epochs = 0', 'epochs must be a whole number, at least 2, not 0'),
        ('epochs = 2', 'epochs = 2\nslot = 1', "unknown entry 'slot'"),
        ("correction=['none', 'elr']", 'correction=[]', 'slots.correction is empty'),
        ("name = 'own'", 'name = (', 'cannot be read'),
    ],
)
def test_bad_spaces_are_refused_before_anything_runs(tmp_path, old, new, message):
    path = tmp_path / 'space.py'
    path.write_text(GOOD)
    read_space(path)
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ValueError, match=re.escape(message)):
        read_space(path)


def test_all_that_is_wrong_with_a_space_is_said_at_once(tmp_path):
    path = tmp_path / 'space.py'
    path.write_text(GOOD.replace('low=0.1', 'low=0.9').replace('GCELoss', 'GCELos'))
    with pytest.raises(ValueError, match='(?s)GCELos.*empty range'):
        read_space(path)


def test_no_part_is_hardly_ever_drawn():
    """Losses and corrections exclude each other: neither always gives way."""
    import random

    space, rng = read_space(find_space('features')), random.Random(0)
    drawn = [draw(space, rng) for _ in range(2000)]
    for slot in ('loss', 'correction'):
        for name in space.slots[slot]:
            assert sum(choice.parts[slot] == name for choice in drawn) > 0.04 * len(drawn), name
    assert list(drawn[0].parts) == [slot for slot in SLOTS if slot in space.slots]
