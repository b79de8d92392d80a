from types import SimpleNamespace

import pytest

from mmnoisy.engine.streams import division_age


@pytest.mark.parametrize('epoch, batch, age', [(3, 0, 0), (3, 5, 0.25), (5, 15, 2.75)])
def test_the_age_of_a_division_grows_with_every_batch(epoch, batch, age):
    runner = SimpleNamespace(epoch=epoch, train_dataloader=range(20))
    assert division_age(runner, batch, first_epoch=3) == age
