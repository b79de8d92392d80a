"""What an oracle would keep: the ceiling that a benchmark's table holds methods against."""

import torch
from mmengine.registry import init_default_scope

from ..datasets.samples_file import write_samples_csv
from ..registry import DATASETS


def write_right_labels(dataset: dict, path) -> None:
    """Write a ``samples.csv`` that flags every wrong label, for ``LabelNoise(keep=...)`` of a run on right labels alone.

    Args:
        dataset (dict): Config of the training data, a LabelNoise.
        path (str | Path): The file.

    Raises:
        ValueError: The true labels are unknown.
    """
    init_default_scope('mmpretrain')
    built = DATASETS.build({**dataset, 'keep': None})
    if built.clean_labels is None:
        raise ValueError(
            'Training on the right labels only needs true labels: give the source a column of them (clean_label) or '
            'LabelNoise a `noise`.'
        )
    wrong = torch.as_tensor(built.given_labels != built.clean_labels)
    write_samples_csv(path, built, (~wrong).double(), wrong)
