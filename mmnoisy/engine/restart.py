"""Starting training anew within a run."""

from typing import Optional

import torch
from mmengine.dist import broadcast
from mmpretrain.registry import MODELS

from .model_parts import unwrap
from .shared_sweep import shared_sweep


def fresh_weights(runner, number: int = 0) -> dict:
    """The ``state_dict`` of a new model of the run's config, drawn with the run's seed and ``number``."""
    with torch.random.fork_rng():
        torch.manual_seed(runner.seed + number)
        fresh = MODELS.build(runner.cfg.model)
        fresh.init_weights()
    return fresh.state_dict()


def restart_training(runner, weights: Optional[dict] = None) -> None:
    """Put the model back to its beginning, the same on all ranks, and forget the optimizer's momentum.

    The schedule of the learning rate goes on. An EMA of the weights (EMAHook) is not put back. Collective.

    Args:
        runner (Runner): A run in training.
        weights (dict, optional): The ``state_dict`` to begin from; new initial weights, drawn with the run's seed,
            where None.
    """
    weights = fresh_weights(runner) if weights is None else weights
    model = unwrap(runner.model)
    model.load_state_dict(weights)
    for tensor in model.state_dict().values():
        broadcast(tensor)
    runner.optim_wrapper.optimizer.state.clear()
    shared_sweep(runner).advance()
