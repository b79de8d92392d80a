import csv

import numpy as np
import pytest
import torch

from mmnoisy.engine import Column, SampleRecordHook
from mmnoisy.registry import HOOKS
from mmnoisy.stamps import sample_indices
from tests.helpers import ddp, digits_cfg, run_two_ranks, train, train_only

N = 201


@HOOKS.register_module()
class ToyRecordHook(SampleRecordHook):
    """Records functions of sample_idx and epoch, so every column has a known value."""

    columns = dict(count=Column(dtype=torch.int32), twice=(2,), epoch=Column(dtype=torch.int64, reduce='last'))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        index = sample_indices(data_batch['data_samples'])
        half = index.float() / 2
        self.add(
            index, count=torch.ones_like(index), twice=torch.stack([half, -half], 1), epoch=index + 10000 * runner.epoch
        )

    def score(self):
        return (self.record['count'] > 0).float() * 0.25

    def issues(self):
        return torch.arange(self.num_samples) % 2 == 0

    def suggested_labels(self):
        return self.record['epoch'] % 10


def toy_cfg(work_dir, epochs=2, **overrides):
    """201 samples: odd, so that two ranks see one of them twice."""
    options = {
        'train_dataloader__dataset__holdout': 0.0,
        'train_dataloader__dataset__source__indices': N,
        'custom_hooks': [dict(type='mmnoisy.ToyRecordHook')],
    }
    return train_only(digits_cfg(work_dir, epochs=epochs, **{**options, **overrides}))


def toy_record(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, ToyRecordHook)).record


def _record_of_rank(cfg):
    return toy_record(train(ddp(cfg)))


def test_columns_have_the_values_that_were_added(tmp_path):
    record = toy_record(train(toy_cfg(tmp_path)))
    rows = torch.arange(N)
    assert torch.equal(record['count'], torch.full((N,), 2, dtype=torch.int32))
    assert torch.equal(record['twice'], torch.stack([rows, -rows], 1).float())
    assert torch.equal(record['epoch'], rows + 10000)


@pytest.mark.ddp
def test_two_ranks_agree_and_count_repeated_rows(tmp_path):
    first, second = run_two_ranks(_record_of_rank, toy_cfg(tmp_path))
    for name, column in first.items():
        assert torch.equal(column, second[name])
    # 1,437 is odd: the sampler repeats one row an epoch to give both ranks as many.
    count, rows = first['count'], torch.arange(N)
    assert count.sum() == 2 * (N + 1) and count.min() == 2
    assert torch.equal(first['twice'][:, 0], rows * count / 2)
    assert torch.equal(first['epoch'], rows + 10000)


def test_resumed_record_equals_the_unbroken_one(tmp_path):
    whole = toy_record(train(toy_cfg(tmp_path / 'whole', epochs=4)))
    train(toy_cfg(tmp_path / 'parts', epochs=2))
    resumed = toy_record(train(toy_cfg(tmp_path / 'parts', epochs=4, resume=True)))
    for name, column in whole.items():
        assert torch.equal(column, resumed[name])


def test_unseen_rows_keep_the_last_value():
    hook = ToyRecordHook()
    hook.dataset = range(3)
    hook.record = dict(count=torch.zeros(3, dtype=torch.int32), twice=torch.zeros(3, 2), epoch=torch.tensor([7, 8, 9]))
    hook.add(torch.tensor([1]), epoch=torch.tensor([-5]))
    hook.after_train_epoch(None)
    assert hook.record['epoch'].tolist() == [7, -5, 9]


def test_a_record_is_known_once_it_has_values():
    hook = ToyRecordHook()
    hook.dataset = range(3)
    hook.record = dict(count=torch.zeros(3, dtype=torch.int32), twice=torch.zeros(3, 2), epoch=torch.zeros(3).long())
    hook.after_train_epoch(None)
    assert not hook.known
    hook.add(torch.tensor([1]), epoch=torch.tensor([0]))
    hook.after_train_epoch(None)
    assert hook.known


def test_a_checkpoint_without_a_column_gives_one_clear_error(tmp_path):
    train(toy_cfg(tmp_path, epochs=1))
    path = tmp_path / 'epoch_1.pth'
    checkpoint = torch.load(path, weights_only=True)
    columns = checkpoint['sample_record']['ToyRecordHook']['columns']
    columns['older'] = columns.pop('twice')
    torch.save(checkpoint, path)
    with pytest.raises(ValueError, match="has no column 'twice', but count, epoch, older"):
        train(toy_cfg(tmp_path, epochs=2, resume=True))


def test_set_refuses_a_wrong_shape():
    hook = ToyRecordHook()
    hook.dataset = range(3)
    with pytest.raises(ValueError, match=r"'twice' has the shape \(3, 2\), not \(3,\)"):
        hook.set(twice=torch.zeros(3))


def test_csv(tmp_path):
    dataset = train(toy_cfg(tmp_path, epochs=1, train_dataloader__dataset__holdout=0.1)).train_dataloader.dataset
    with (tmp_path / 'samples.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    names = ['given_label', 'suggested_label', 'given_index', 'suggested_index', 'score', 'is_issue']
    assert list(rows[0]) == ['source_idx', *names, 'clean_label', 'clean_index']
    table = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    assert np.array_equal(table['source_idx'], dataset.source_idx)
    assert np.array_equal(table['given_label'], dataset.gt_labels)
    assert np.array_equal(table['clean_label'], dataset.clean_labels)
    assert np.array_equal(table['suggested_label'], np.arange(len(rows)) % 10)
    assert np.array_equal(table['is_issue'], np.arange(len(rows)) % 2 == 0)
    assert set(table['score']) == {0.25}


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(train_dataloader__dataset__holdout=0.2), 'has 201 samples, the training set has 1'),
        (dict(train_dataloader__dataset__seed=1), 'made with other labels'),
        (dict(custom_hooks=[dict(type='mmnoisy.ToyRecordHook', name='other')]), "no sample record 'other'"),
    ],
)
def test_resume_refuses_other_data(tmp_path, change, message):
    train(toy_cfg(tmp_path, epochs=1))
    cfg = toy_cfg(tmp_path, epochs=2, resume=True, **change)
    # It looks at the labels of the whole run, and comes first.
    del cfg.default_hooks['run_guard']
    with pytest.raises(ValueError, match=message):
        train(cfg)


@pytest.mark.parametrize(
    'hooks, message',
    [
        ([dict(type='mmnoisy.ToyRecordHook')] * 2, 'under the name'),
        (
            [dict(type='mmnoisy.ToyRecordHook'), dict(type='mmnoisy.ToyRecordHook', name='b')],
            'would both write samples.csv',
        ),
    ],
)
def test_two_hooks_that_clash(tmp_path, hooks, message):
    with pytest.raises(ValueError, match=message):
        train(toy_cfg(tmp_path, custom_hooks=hooks))


def test_a_file_stays_in_the_work_dir():
    with pytest.raises(ValueError, match='must be a name without folders'):
        HOOKS.build(dict(type='mmnoisy.AUMHook', file='../../samples.csv'))


@pytest.mark.parametrize('wrapper', ['ConcatDataset', 'RepeatDataset'])
def test_refuses_datasets_whose_rows_share_an_index(tmp_path, wrapper):
    cfg = toy_cfg(tmp_path)
    inner = cfg.train_dataloader.dataset.to_dict()
    cfg.train_dataloader.dataset = (
        dict(type=wrapper, datasets=[inner, inner])
        if wrapper == 'ConcatDataset'
        else dict(type=wrapper, dataset=inner, times=2)
    )
    del cfg.default_hooks['summary']
    with pytest.raises(ValueError, match='keeps something for each sample'):
        train(cfg)
