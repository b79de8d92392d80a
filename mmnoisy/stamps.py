"""What hooks and models tell each other about the samples of a batch: one writer and one reader for each stamp.

Readers and writers take the B data samples of a batch and tensors (B, ...), so that nothing else knows how a stamp is
kept: as a column of a :class:`mmnoisy.sample_batch.SampleBatch`, or on each DataSample of a list.

| stamp | shape, dtype | written by | read by | where it is absent |
| --- | --- | --- | --- | --- |
| ``sample_idx`` | (B,) int64 | mmengine's data sets | hooks, losses with state by sample | an error |
| ``gt_label`` | (B,) int64, the observed label | the data set | heads, sweeps, steps | an error |
| ``gt_score`` | (B, K) float32, a (corrected) soft target | SSRHook, PrototypeHook | heads, batch augments, steps | ``gt_label`` |
| ``sample_weight`` | (B,) float32, >= 0 | CurriculumHook | SampleAwareClassifier, TwoNetworks | 1 |
| division | (B, networks) each, see :class:`Division` | CoDivideHook and its kin | DivideMix, SemiSupervisedClassifier | warm-up: every label is believed |
| ``gt_mask`` | (B, H, W) int64, the observed mask | the data set | pixel heads | an error |
| ``corrected_mask`` | (B, H, W) int64 | ADELEHook | pixel heads | ``gt_mask`` |
| ``selected`` | (B,) float32 in [0, 1], NaN = not considered | CoTeaching and its kin | SelectionRecordHook | nothing was selected |
| ``pred_score``, ``pred_label`` | (B, K) and (B,), after a forward pass in the mode ``'predict'`` | classifiers | sweeps, evaluators | an error |
"""  # noqa: E501

from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor

from .sample_batch import SampleBatch, label_column, unlisted

Samples = Union[Sequence[DataSample], SampleBatch]


class Division(NamedTuple):
    """How the samples of a batch are divided into those with and those without a label to use.

    Args:
        p_clean (Tensor): Probability that the label is right, (B, networks), floating point in [0, 1], on the CPU.
        labelled (Tensor): Whether the label is used, (B, networks), bool, on the CPU.
        age (float): Epochs, with fractions, since the training set was first divided; ramps count them. Defaults to 0.
        active (tuple[int]): Which networks learn from the batch. Defaults to both.
    """

    p_clean: Tensor
    labelled: Tensor
    age: float = 0.0
    active: Tuple[int, ...] = (0, 1)

    def of(self, index: Tensor, age: float) -> 'Division':
        """The division of a batch, ``age`` epochs after the first, from that of the whole training set (N, networks)."""
        return self._replace(p_clean=self.p_clean[index], labelled=self.labelled[index], age=age)


def sample_indices(data_samples: Samples, device=None) -> Tensor:
    """``sample_idx`` of a batch, (B,), int64.

    Raises:
        KeyError: The pipeline did not pack ``sample_idx``.
    """
    if not has_stamp(data_samples, 'sample_idx'):
        raise KeyError(
            "A DataSample has no 'sample_idx'. Keep it in the meta_keys of PackInputs (it is there by default)."
        )
    batch = unlisted(data_samples)
    if batch is not None:
        return torch.as_tensor(batch.get('sample_idx'), device=device)
    return torch.tensor([int(sample.sample_idx) for sample in data_samples], device=device)


def has_stamp(data_samples: Samples, name: str) -> bool:
    """Whether the samples of a batch have a field or metainfo of this name."""
    batch = unlisted(data_samples)
    return name in data_samples[0] if batch is None else batch.get(name) is not None


def observed_labels(data_samples: Samples, device=None) -> Tensor:
    """``gt_label`` of a batch, (B,), int64."""
    batch = unlisted(data_samples)
    if batch is not None:
        return batch.get('gt_label').flatten().to(device)
    return torch.cat([sample.gt_label for sample in data_samples]).to(device)


def write_targets(data_samples: Samples, targets: Tensor) -> None:
    """Stamp soft targets (B, K) as ``gt_score``, which heads and batch augments take in place of the label."""
    batch = unlisted(data_samples)
    if batch is not None:
        _set_scores(batch, 'gt_score', targets)
        return
    for sample, target in zip(data_samples, targets):
        sample.set_gt_score(target)


def read_targets(data_samples: Samples, num_classes: int, device=None) -> Tensor:
    """Targets of a batch, (B, K) float32: ``gt_score`` where it is stamped, else the one-hot observed label."""
    targets = loss_targets(data_samples, device)
    return F.one_hot(targets, num_classes).float() if targets.ndim == 1 else targets


def loss_targets(data_samples: Samples, device=None) -> Tensor:
    """What upstream's heads hand to a loss: ``gt_score`` (B, K) where it is stamped, else ``gt_label`` (B,)."""
    if not has_stamp(data_samples, 'gt_score'):
        return observed_labels(data_samples, device)
    batch = unlisted(data_samples)
    if batch is not None:
        return batch.get('gt_score').to(device)
    return torch.stack([sample.gt_score for sample in data_samples]).to(device)


def write_masks(data_samples: Samples, masks: Tensor) -> None:
    """Stamp corrected masks (B, H, W), which pixel heads take in place of the observed ones."""
    for sample, mask in zip(data_samples, masks):
        sample.corrected_mask = mask


def observed_masks(data_samples: Samples, device=None) -> Tensor:
    """``gt_mask`` of a batch, (B, H, W) int64.

    Raises:
        KeyError: The pipeline did not pack it.
    """
    if 'gt_mask' not in data_samples[0]:
        raise KeyError("A DataSample has no 'gt_mask': pack it by dict(type='PackInputs', algorithm_keys=['gt_mask']).")
    return torch.stack([torch.as_tensor(sample.gt_mask) for sample in data_samples]).long().to(device)


def read_masks(data_samples: Samples, device=None) -> Tensor:
    """Masks to learn from, (B, H, W) int64: ``corrected_mask`` where it is stamped, else the observed one."""
    if 'corrected_mask' in data_samples[0]:
        return torch.stack([sample.corrected_mask for sample in data_samples]).long().to(device)
    return observed_masks(data_samples, device)


def write_weights(data_samples: Samples, weights: Tensor) -> None:
    """Stamp factors on the losses of a batch, (B,)."""
    batch = unlisted(data_samples)
    if batch is not None:
        batch.set('sample_weight', weights.float())
        return
    for sample, weight in zip(data_samples, weights.tolist()):
        sample.sample_weight = weight


def read_weights(data_samples: Samples, device=None) -> Optional[Tensor]:
    """Factors on the losses of a batch, (B,) float32; None where nothing was stamped: all are 1."""
    if not has_stamp(data_samples, 'sample_weight'):
        return None
    batch = unlisted(data_samples)
    if batch is not None:
        return batch.get('sample_weight').to(device)
    return torch.tensor([float(sample.sample_weight) for sample in data_samples], device=device)


def write_division(data_samples: Samples, division: Division) -> None:
    """Stamp a division, whose tensors are (B, networks)."""
    batch = unlisted(data_samples)
    if batch is not None:
        batch.set('p_clean', division.p_clean)
        batch.set('labelled', division.labelled)
        batch.set('division_age', [division.age] * len(batch))
        batch.set('active', [division.active] * len(batch))
        return
    for sample, p_clean, labelled in zip(data_samples, division.p_clean, division.labelled):
        sample.p_clean, sample.labelled = p_clean, labelled
        sample.division_age, sample.active = division.age, division.active


def read_division(data_samples: Samples) -> Optional[Division]:
    """The division of a batch; None in the warm-up, when every label is believed."""
    if not has_stamp(data_samples, 'labelled'):
        return None
    batch = unlisted(data_samples)
    if batch is not None:
        return Division(
            batch.get('p_clean'), batch.get('labelled'), batch.get('division_age')[0], batch.get('active')[0]
        )
    first = data_samples[0]
    return Division(
        torch.stack([sample.p_clean for sample in data_samples]),
        torch.stack([sample.labelled for sample in data_samples]),
        first.division_age,
        first.active,
    )


def write_selection(data_samples: Samples, share: Tensor) -> None:
    """Stamp which part of the networks learnt from each sample, (B,) in [0, 1]; NaN = not considered."""
    batch = unlisted(data_samples)
    if batch is not None:
        batch.set('selected', share)
        return
    for sample, value in zip(data_samples, share):
        sample.selected = value


def read_selection(data_samples: Samples, device=None) -> Optional[Tensor]:
    """What :func:`write_selection` stamped, (B,); None where no selection took place."""
    if not has_stamp(data_samples, 'selected'):
        return None
    batch = unlisted(data_samples)
    if batch is not None:
        return batch.get('selected').to(device)
    return torch.stack([sample.selected for sample in data_samples]).to(device)


def write_predictions(data_samples: Samples, scores: Tensor, labels: Dict[str, Tensor]) -> Any:
    """Stamp predicted probabilities (B, K) as ``pred_score``, and labels (B,) by their name, such as ``pred_label``.

    Returns the samples.
    """
    batch = unlisted(data_samples)
    if batch is not None:
        _set_scores(batch, 'pred_score', scores)
        for name, values in labels.items():
            batch.set(name, label_column(values))
        return batch
    rows = {name: values.unsqueeze(1).unbind() for name, values in labels.items()}
    for i, (sample, score) in enumerate(zip(data_samples, scores)):
        sample.set_pred_score(score)
        for name, values in rows.items():
            sample.set_field(values[i], name, dtype=torch.Tensor)
    return data_samples


def predicted_scores(data_samples: Samples) -> Tensor:
    """``pred_score`` of a batch, (B, K)."""
    batch = unlisted(data_samples)
    if batch is not None:
        return batch.get('pred_score')
    return torch.stack([sample.pred_score for sample in data_samples])


def predicted_classes(data_samples: Samples) -> Dict[str, Tensor]:
    """``pred_label``, and ``pred_label_<name>`` of each further network, (B,) each."""
    batch = unlisted(data_samples)
    if batch is not None:
        return {name: batch.get(name).flatten() for name in batch.columns or () if name.startswith('pred_label')}
    names = [name for name in data_samples[0].keys() if name.startswith('pred_label')]
    return {name: torch.cat([sample.get(name) for sample in data_samples]) for name in names}


def select_samples(data_samples: Samples, index: Tensor) -> Any:
    """The samples of those rows of a batch, (M,)."""
    batch = unlisted(data_samples)
    return [data_samples[i] for i in index.tolist()] if batch is None else batch.select(index)


def _set_scores(batch: SampleBatch, name: str, scores: Tensor) -> None:
    batch.set(name, scores)
    # As upstream's set_gt_score and set_pred_score.
    if batch.get('num_classes') is None:
        batch.set_metainfo('num_classes', [scores.size(1)] * len(batch))
