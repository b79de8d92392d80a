"""Starting training anew within a run."""

import torch
from mmengine.dist import broadcast
from mmpretrain.registry import MODELS

from .model_parts import unwrap


def restart_training(runner) -> None:
    """Give the model new initial weights, the same on all ranks, and forget the optimizer's momentum."""
    with torch.random.fork_rng():
        torch.manual_seed(runner.seed)
        fresh = MODELS.build(runner.cfg.model)
        fresh.init_weights()
    model = unwrap(runner.model)
    model.load_state_dict(fresh.state_dict())
    for tensor in model.state_dict().values():
        broadcast(tensor)
    runner.optim_wrapper.optimizer.state.clear()
