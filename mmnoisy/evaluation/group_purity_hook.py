from typing import List, Tuple

import torch
from mmengine.hooks import Hook
from torch import Tensor

from ..engine.sample_record import SampleRecordHook
from ..registry import HOOKS


def group_purity(groups: Tensor, correct: Tensor, num_groups: int) -> List[Tuple[int, float]]:
    """Size of each group and its share of right labels, NaN for an empty one.

    Args:
        groups (Tensor): (N,), integers in [0, num_groups).
        correct (Tensor): Whether the label is right, (N,), bool.
        num_groups (int): Number of groups.

    Returns:
        list[tuple[int, float]]: One pair a group.
    """
    members = [correct[groups == group] for group in range(num_groups)]
    return [(len(rows), rows.double().mean().item()) for rows in members]


@HOOKS.register_module()
class GroupPurityHook(Hook):
    """Logs the share of right labels in each group of a sample record, where the true labels are known.

    It reads the ``groups()`` of every :class:`mmnoisy.engine.SampleRecordHook` that has some, such as
    :class:`mmnoisy.CurriculumHook`, and logs when the groups have changed. Nothing is done where the true labels are
    unknown.
    """

    # After the hooks that find groups (BELOW_NORMAL).
    priority = 'LOW'

    def __init__(self):
        self._seen = {}

    def before_train_epoch(self, runner) -> None:
        dataset = runner.train_dataloader.dataset
        if getattr(dataset, 'clean_labels', None) is None:
            return
        correct = torch.as_tensor(dataset.gt_labels) == torch.as_tensor(dataset.clean_labels)
        for hook in runner.hooks:
            groups = hook.groups() if isinstance(hook, SampleRecordHook) else None
            if groups is None or self._seen.get(hook.name) is groups:
                continue
            self._seen[hook.name] = groups
            found = group_purity(groups, correct, int(groups.max()) + 1)
            text = ', '.join(f'{100 * share:.1f} % of {size}' for size, share in found)
            runner.logger.info(f'{hook.name}: right labels in the groups, easy first: {text}')
            scalars = {f'group_purity/{hook.name}_{group}': share for group, (_, share) in enumerate(found)}
            runner.visualizer.add_scalars(scalars, step=runner.epoch)
