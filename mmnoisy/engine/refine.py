"""Training a part of a network anew within a run, while the rest is held."""

from typing import Sequence

import torch
from mmengine.dist import all_reduce, broadcast
from torch import nn

from .model_parts import unwrap
from .restart import fresh_weights
from .shared_sweep import shared_sweep


def in_parts(name: str, parts: Sequence[str]) -> bool:
    """Whether a parameter or buffer is inside one of the modules named ``parts``, such as ``'backbone.layer4'``."""
    return any(name == part or name.startswith(f'{part}.') for part in parts)


def refine(runner, parts: Sequence[str], epochs: int, lr: float, number: int = 0) -> None:
    """Give parts of a model new weights and train these alone, on the whole training set. Collective.

    The optimizer is Adam without weight decay, of these weights alone; the run's own forgets its momentum of them.
    BatchNorm's running statistics follow in the parts that are held, too. In float32, whatever the precision of the run.

    Args:
        runner (Runner): A run in training, before the first batch of an epoch.
        parts (Sequence[str]): Names of modules.
        epochs (int): Passes over the training set.
        lr (float): Adam's learning rate.
        number (int): Of this call among those of the run: each draws other weights and another order. Defaults to 0.
    """
    model = unwrap(runner.model)
    renew(runner, parts, number + 1)
    held = [p for name, p in model.named_parameters() if p.requires_grad and not in_parts(name, parts)]
    chosen = [p for name, p in model.named_parameters() if p.requires_grad and in_parts(name, parts)]
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        optimizer = torch.optim.Adam(chosen, lr=lr)
        model.train()
        for epoch in range(epochs):
            runner.train_dataloader.sampler.set_epoch(runner.max_epochs * (number + 1) + epoch)
            for batch in runner.train_dataloader:
                data = model.data_preprocessor(batch, True)
                loss, _ = model.parse_losses(model(**data, mode='loss'))
                optimizer.zero_grad()
                loss.backward()
                average_gradients(chosen)
                optimizer.step()
    finally:
        for parameter in held:
            parameter.requires_grad_(True)
        runner.train_dataloader.sampler.set_epoch(runner.epoch)
        runner.optim_wrapper.zero_grad()
        shared_sweep(runner).advance()


def renew(runner, parts: Sequence[str], number: int) -> None:
    """New weights and statistics of parts of a model, the same on all ranks, and no momentum of them."""
    model = unwrap(runner.model)
    fresh = {name: value for name, value in fresh_weights(runner, number).items() if in_parts(name, parts)}
    model.load_state_dict(fresh, strict=False)
    for name, value in model.state_dict().items():
        if in_parts(name, parts):
            broadcast(value)
    for name, parameter in model.named_parameters():
        if in_parts(name, parts):
            runner.optim_wrapper.optimizer.state.pop(parameter, None)


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Mean over ranks of each gradient, in place. Collective."""
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        all_reduce(parameter.grad, op='mean')
