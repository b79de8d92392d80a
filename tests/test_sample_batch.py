import pickle

import pytest
import torch
from mmpretrain.structures import DataSample

from mmnoisy.sample_batch import SampleBatch, unlisted
from mmnoisy.stamps import (
    Division,
    loss_targets,
    observed_labels,
    predicted_classes,
    predicted_scores,
    read_division,
    read_selection,
    read_targets,
    read_weights,
    sample_indices,
    select_samples,
    write_division,
    write_predictions,
    write_selection,
    write_targets,
    write_weights,
)

B, K = 5, 3


def columns():
    rows = torch.tensor([7, 3, 9, 0, 4])
    fields = dict(gt_label=torch.tensor([[2], [0], [1], [1], [2]]))
    return SampleBatch(fields, dict(sample_idx=rows, img_path=[f'{row}.png' for row in rows.tolist()]))


def listed():
    samples = []
    for row, label in zip([7, 3, 9, 0, 4], [2, 0, 1, 1, 2]):
        sample = DataSample(metainfo=dict(sample_idx=row, img_path=f'{row}.png'))
        samples.append(sample.set_gt_label(label))
    return samples


def stamp_all(samples):
    torch.manual_seed(0)
    write_targets(samples, torch.rand(B, K))
    write_weights(samples, torch.rand(B))
    write_division(samples, Division(torch.rand(B, 2), torch.rand(B, 2) > 0.5, age=1.5, active=(1,)))
    write_selection(samples, torch.rand(B))
    scores = torch.rand(B, K)
    return write_predictions(samples, scores, dict(pred_label=scores.argmax(1), pred_label_net1=scores.argmin(1)))


def readings(samples):
    division = read_division(samples)
    return [
        sample_indices(samples),
        observed_labels(samples),
        loss_targets(samples),
        read_targets(samples, K),
        read_weights(samples),
        division.p_clean,
        division.labelled,
        read_selection(samples),
        predicted_scores(samples),
        *(labels for _, labels in sorted(predicted_classes(samples).items())),
        observed_labels(select_samples(samples, torch.tensor([3, 1]))),
    ]


def assert_same_sample(one, other):
    assert set(one.keys()) == set(other.keys()) and set(one.metainfo_keys()) == set(other.metainfo_keys())
    for name in one.all_keys():
        left, right = one.get(name), other.get(name)
        same = torch.equal(left, right) if torch.is_tensor(left) and torch.is_tensor(right) else left == right
        assert same and (not torch.is_tensor(right) or left.dtype == right.dtype), name


def test_columns_read_as_a_list_of_samples_does():
    batch, samples = columns(), listed()
    assert torch.equal(loss_targets(batch), loss_targets(samples)) and read_division(batch) is None
    assert torch.equal(read_targets(batch, K), read_targets(samples, K))
    assert read_weights(batch) is read_selection(batch) is None
    stamp_all(batch), stamp_all(samples)
    assert unlisted(batch) is batch
    for one, other in zip(readings(batch), readings(samples)):
        assert torch.equal(one, other) and one.dtype == other.dtype
    assert read_division(batch)[2:] == read_division(samples)[2:] == (1.5, (1,))


def test_a_look_makes_the_samples_that_the_columns_mean():
    batch, samples = columns(), listed()
    stamp_all(batch), stamp_all(samples)
    assert len(batch) == B and batch[-1] is list(batch)[-1] and batch.columns is None
    for one, other in zip(batch, samples):
        # Upstream keeps a plain number; a tensor reads alike.
        one.sample_weight = float(one.sample_weight)
        assert_same_sample(one, other)
        assert type(one.sample_idx) is int
    for one, other in zip(readings(batch), readings(samples)):
        assert torch.equal(one, other)


def test_what_is_changed_on_a_sample_stays():
    batch = columns()
    batch[1].set_gt_label(1).set_gt_score(torch.eye(K)[1])
    assert int(observed_labels(batch)[1]) == 1 and 'gt_score' not in batch[0]
    write_weights(batch, torch.arange(5.0))
    assert batch[4].sample_weight == 4


@pytest.mark.parametrize('look', [False, True])
def test_it_goes_through_a_pipe(look):
    batch = columns()
    if look:
        assert len(list(batch)) == B
    again = pickle.loads(pickle.dumps(batch))
    assert (unlisted(again) is None) == look
    assert torch.equal(sample_indices(again), sample_indices(columns()))
