import math
from types import SimpleNamespace

import pytest
import torch

from mmnoisy.engine.streams import balanced_stream, division_age


@pytest.mark.parametrize('epoch, batch, age', [(3, 0, 0), (3, 5, 0.25), (5, 15, 2.75)])
def test_the_age_of_a_division_grows_with_every_batch(epoch, batch, age):
    runner = SimpleNamespace(epoch=epoch, train_dataloader=range(20))
    assert division_age(runner, batch, first_epoch=3) == age


def test_a_balanced_stream_is_that_of_a_mask_for_each_class():
    def by_masks(rows, labels, generator):
        largest, parts = int(torch.bincount(labels).max()), []
        for label in labels.unique():
            members = rows[labels == label]
            order = members[torch.randperm(len(members), generator=generator)]
            parts.append(order.repeat(math.ceil(largest / len(order)))[:largest])
        return torch.cat(parts)

    labels = torch.randint(40, (1000,), generator=torch.Generator().manual_seed(1)) ** 2 // 7
    rows = torch.randperm(5000)[:1000].sort().values
    found, expected = (make(rows, labels, torch.Generator().manual_seed(3)) for make in (balanced_stream, by_masks))
    assert torch.equal(found, expected)
