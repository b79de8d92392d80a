"""Two gloo processes train one run: each sample is evaluated once, the files are written once, the figures agree."""

import csv
from pathlib import Path

import pytest
import torch
from mmengine.dist import get_rank
from mmpretrain.registry import DATASETS

from mmnoisy.engine.sweep import sweep, sweep_loader

from .evaluation.test_summary_hook import labels, predict
from .helpers import build_runner, ddp, digits_cfg, run_two_ranks

pytestmark = pytest.mark.ddp


def _seen(runner, loader) -> torch.Tensor:
    """The samples that this rank evaluates in a sweep."""
    seen = []

    def measure(model, inputs, data_samples):
        seen.extend(sample.sample_idx for sample in data_samples)
        return dict(one=torch.ones(len(data_samples)))

    sweep(runner.model, loader, measure)
    return torch.tensor(seen)


def _train(cfg):
    cfg = ddp(cfg)
    # Each rank has its own folder: what only one of them writes can be told.
    cfg.work_dir = f'{cfg.work_dir}/{get_rank()}'
    runner = build_runner(cfg)
    runner.train()
    summary_hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'SummaryHook')
    weights = torch.cat([value.flatten().float() for value in runner.model.module.state_dict().values()])
    return dict(
        history=summary_hook.history,
        images=summary_hook.num_images,
        test=_seen(runner, summary_hook._test_loader),
        train=_seen(runner, sweep_loader(runner)),
        parameters=torch.cat([value.detach().flatten() for value in runner.model.parameters()]),
        finite=bool(torch.isfinite(weights).all()),
    )


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    # 31 does not divide the training set: the last batch of the ranks is a short one.
    cfg = digits_cfg(tmp_path_factory.mktemp('ranks'), epochs=2, train_dataloader__batch_size=31)
    return cfg, run_two_ranks(_train, cfg)


def test_the_ranks_agree(trained):
    _, (first, second) = trained
    assert first['finite']
    assert torch.equal(first['parameters'], second['parameters'])
    assert first['history'] == second['history']
    assert first['images'] == second['images'] == 2 * 1292


@pytest.mark.parametrize('part, size', [('test', 360), ('train', 1292)])
def test_each_sample_is_evaluated_once(trained, part, size):
    _, results = trained
    assert torch.equal(torch.cat([result[part] for result in results]).sort().values, torch.arange(size))
    assert all(len(result[part]) > size // 3 for result in results)


def test_accuracy_equals_a_single_process(trained):
    cfg, (first, _) = trained
    for row in first['history']:
        checkpoint = f'{cfg.work_dir}/0/epoch_{row["epoch"]}.pth'
        for part in ('test', 'val'):
            dataset = DATASETS.build(cfg[f'{part}_dataloader'].dataset)
            accuracy = 100 * (predict(cfg, checkpoint, dataset) == labels(dataset)).mean()
            assert row[f'{part}_accuracy'] == pytest.approx(accuracy, abs=1e-4)


def test_files_are_written_by_one_rank(trained):
    cfg, (first, _) = trained
    zero, one = (Path(cfg.work_dir) / str(rank) for rank in range(2))
    for name in ('summary.json', 'history.csv', 'epoch_2.pth'):
        assert (zero / name).is_file()
        assert not (one / name).exists()
    with (zero / 'history.csv').open(newline='') as file:
        assert [float(row['test_accuracy']) for row in csv.DictReader(file)] == [
            row['test_accuracy'] for row in first['history']
        ]
