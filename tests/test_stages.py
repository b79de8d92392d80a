import csv
import json

import pytest

from mmnoisy import stages
from tests.helpers import CONFIGS, run_two_ranks

RECIPE = """
_base_ = '{base}'
model = dict(backbone=dict(channels=(4, 8, 8)), head=dict(in_channels=8, loss=dict(use_soft=False)))
label_noise = dict(source=dict(indices=200))
train_dataloader = dict(dataset=label_noise)
val_dataloader = dict(dataset=label_noise)
train_cfg = dict(max_epochs=2)
log_level = 'WARNING'
measure = {{
    'model.head': dict(
        _delete_=True, type='LinearClsHead', num_classes=11, in_channels=8, loss=dict(type='mmnoisy.GCELoss', q=0.5)),
    'custom_hooks': [dict(type='mmnoisy.AUMHook', threshold_class=True, percentile=20)],
    'param_scheduler': None,
    'train_cfg.max_epochs': 1,
}}
stages = [
    dict(name='first', options={{'train_dataloader.dataset.threshold_samples': dict(index=0), **measure}}),
    dict(name='second', options={{'train_dataloader.dataset.threshold_samples': dict(index=1), **measure}}),
    dict(name='clean', merge=['first', 'second']),
    dict(name='train', options={{'train_dataloader.dataset.keep': '{{clean}}/samples.csv'}}),
]
del measure
"""


@pytest.fixture
def run(tmp_path):
    """Runs the recipe in this process, with more command line arguments."""
    recipe = tmp_path / 'recipe.py'
    recipe.write_text(RECIPE.format(base=CONFIGS / 'ce/ce_cnn3_60e_digits-sym40.py'))

    def call(*args):
        stages.main([str(recipe), '--work-dir', str(tmp_path / 'out'), *args])

    return call


def test_recipe(run, tmp_path, monkeypatch, capsys):
    done, train = [], stages.train

    def fails_in_the_last_stage(cfg, folder, noise):
        if folder.name == '3_train':
            raise KeyboardInterrupt
        done.append(folder.name)
        train(cfg, folder, noise)

    monkeypatch.setattr(stages, 'train', fails_in_the_last_stage)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert done == ['0_first', '1_second']
    monkeypatch.setattr(
        stages, 'train', lambda cfg, folder, noise: (done.append(folder.name), train(cfg, folder, noise))
    )
    run()
    assert done == ['0_first', '1_second', '3_train']

    out = tmp_path / 'out'
    with (out / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((out / 'summary.json').read_text())
    total, last = summary['stages']['first']['noise']['num_samples'], summary['stages']['train']
    assert len(rows) == total == summary['noise']['num_samples']
    kept = [row for row in rows if row['is_issue'] == '0']
    assert last['noise']['num_samples'] == len(kept) < total
    wrong = sum(row['given_label'] != row['clean_label'] for row in kept)
    assert last['noise']['realised_rate'] == pytest.approx(wrong / len(kept))
    assert summary['test_accuracy_last'] == last['test_accuracy_last'] and summary['config'] == 'recipe.py'
    assert summary['detection']['flagged'] == total - len(kept)

    run()
    assert done == ['0_first', '1_second', '3_train'] and 'Stage 3_train is done' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='0_first was run with other settings'):
        run('--seed', '5')


def _run_rank(recipe, out):
    wrapper = [f'model_wrapper_cfg.{key}' for key in
               ('type=MMDistributedDataParallel', 'device_ids=None', 'broadcast_buffers=False')]  # yapf: disable
    stages.main([recipe, '--work-dir', out, '--launcher', 'pytorch', '--cfg-options', *wrapper])


@pytest.mark.ddp
def test_recipe_on_two_ranks(run, tmp_path):
    run_two_ranks(_run_rank, str(tmp_path / 'recipe.py'), str(tmp_path / 'out'))
    summary = json.loads((tmp_path / 'out/summary.json').read_text())
    with (tmp_path / 'out/samples.csv').open(newline='') as file:
        kept = sum(row['is_issue'] == '0' for row in csv.DictReader(file))
    assert summary['stages']['train']['noise']['num_samples'] == kept > 0


def test_stage_names(run):
    with pytest.raises(SystemExit, match='a name of its own'):
        stages.stage_folders([dict(name='a'), dict(name='a')], 'out')
