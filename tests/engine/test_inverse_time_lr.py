import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler import MultiStepLR

from mmnoisy.registry import PARAM_SCHEDULERS


def rates(steps, **options):
    optimizer = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5))
    schedulers = [
        PARAM_SCHEDULERS.build(dict(type='mmnoisy.InverseTimeLR', optimizer=optimizer, by_epoch=False, **options)),
        MultiStepLR(optimizer, milestones=[4], gamma=0.1),
    ]
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    return found


def test_it_is_keras_decay_beside_another_schedule():
    expected = [0.5 * (0.1 if step >= 4 else 1) / (1 + 0.01 * step) for step in range(9)]
    assert rates(9, decay=0.01) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match='decay must be >= 0, not -1'):
        rates(1, decay=-1)
