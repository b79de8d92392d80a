import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmnoisy.datasets.samples_file import write_samples_csv
from mmnoisy.engine import PartialLabelsHook
from mmnoisy.registry import DATASETS, HOOKS
from tests.helpers import digits_cfg, train


@pytest.fixture(scope='module')
def dataset():
    source = dict(type='mmnoisy.Digits', indices=300)
    return DATASETS.build(
        dict(type='mmnoisy.LabelNoise', source=source, noise=dict(kind='symmetric', rate=0.4), holdout=0.1)
    )


def test_labels_of_each_class(dataset):
    chosen = PartialLabelsHook(labelled_per_class=4).select(dataset).numpy()
    assert (np.bincount(dataset.gt_labels[chosen]) == 4).all()
    again, other = (PartialLabelsHook(labelled_per_class=4, seed=s).select(dataset).numpy() for s in (0, 1))
    assert (chosen == again).all() and (chosen != other).any()


def test_fraction(dataset):
    assert PartialLabelsHook(fraction=0.25).select(dataset).sum() == round(0.25 * len(dataset))


def test_file(dataset, tmp_path):
    issue = torch.arange(len(dataset)) % 3 == 0
    write_samples_csv(tmp_path / 'samples.csv', dataset, (~issue).float(), issue)
    assert torch.equal(PartialLabelsHook(file=tmp_path / 'samples.csv').select(dataset), ~issue)
    with pytest.raises(FileNotFoundError, match='PartialLabelsHook: file='):
        PartialLabelsHook(file='nowhere.csv').select(dataset)


@pytest.mark.parametrize(
    'options',
    [dict(), dict(fraction=0.5, labelled_per_class=1), dict(fraction=2), dict(labelled_per_class=0),
     dict(fraction=0.5, unlabelled_share=1)],
)  # fmt: skip
def test_bad_options(options):
    with pytest.raises(ValueError, match='PartialLabelsHook'):
        PartialLabelsHook(**options)


def test_too_few_of_a_class(dataset):
    with pytest.raises(ValueError, match='class 0 has'):
        PartialLabelsHook(labelled_per_class=200).select(dataset)


@HOOKS.register_module()
class FlipHidden(Hook):
    """Changes the labels that must not be used, after the selection."""

    priority = 'LOWEST'

    def __init__(self, flip):
        self.flip = flip

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        hidden = [sample for sample in data_batch['data_samples'] if not sample.labelled.any()]
        assert hidden
        for sample in hidden if self.flip else ():
            sample.set_gt_label((sample.gt_label + 1) % 10)


def test_hidden_labels_do_not_matter(tmp_path):
    """Other labels on the unlabelled samples give the same weights."""
    weights = []
    for flip in (False, True):
        cfg = digits_cfg(tmp_path / str(flip), 'fixmatch/fixmatch_cnn3_60e_digits-10perclass.py', epochs=1)
        cfg.train_dataloader.dataset.source.indices = 300
        cfg.test_dataloader.dataset.indices = 20
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.custom_hooks[0].epoch_batches = 3
        cfg.custom_hooks.append(dict(type='mmnoisy.FlipHidden', flip=flip))
        weights.append(train(cfg).model.state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
