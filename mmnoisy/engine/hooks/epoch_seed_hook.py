import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from ...registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds Python, numpy and torch at the start of every epoch from (seed, epoch, rank).

    mmengine does not save the state of the random generators, so dropout, mixup and augmentations of a resumed run
    would differ from those of an unbroken one. A seed that depends on the epoch alone needs nothing saved. Workers of
    the loader (``num_workers > 0``) are seeded by torch and mmengine and not reached from here.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        if runner.seed is None:
            return
        words = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()]).generate_state(3)
        random.seed(int(words[0]))
        np.random.seed(words[1])
        torch.manual_seed(int(words[2]))
