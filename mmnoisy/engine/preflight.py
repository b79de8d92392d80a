"""What can be known before the first batch is checked before the first batch.

A part of a run adds its own check by a method:

- a hook ``preflight(runner) -> list[str]``: what is wrong with the run, in whole sentences, nothing where all is well;
- a model ``check_inputs(inputs)``, which raises a ValueError for images (B, C, H, W) or views (V, B, C, H, W) that it
  cannot learn from.

:class:`mmnoisy.PreflightHook` collects all of it, with what :mod:`mmnoisy.engine.run_checks` checks of every run, into one message.
"""

import random
from contextlib import contextmanager
from typing import Callable, List

import numpy as np
import torch
from mmengine.runner import EpochBasedTrainLoop
from torch import Tensor

from .model_parts import unwrap


class PreflightError(ValueError):
    """A run that cannot go well, found before its first batch."""


def refuse(problems: List[str]) -> None:
    """Stop where there are problems, all of them in one message.

    Raises:
        PreflightError: There is a problem.
    """
    problems = list(dict.fromkeys(problems))
    if len(problems) == 1:
        raise PreflightError(problems[0])
    if problems:
        lines = '\n'.join(f'  {i}. {problem}' for i, problem in enumerate(problems, 1))
        raise PreflightError(f'{len(problems)} things are wrong with this run:\n{lines}')


def caught(check: Callable, *args) -> List[str]:
    """The message of what ``check(*args)`` refuses by a TypeError or ValueError, as a list of problems."""
    try:
        check(*args)
    except (TypeError, ValueError) as error:
        return [str(error)]
    return []


def epochs_are_counted(owner: str, runner) -> List[str]:
    """A problem where the loop counts iterations, not epochs."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return []
    return [f'{owner} works by epochs: set train_cfg=dict(by_epoch=True, max_epochs=...).']


def too_late(owner: str, option: str, epochs: int, runner) -> List[str]:
    """A problem where what begins after ``epochs`` epochs, by ``option``, never begins."""
    if not isinstance(runner.train_loop, EpochBasedTrainLoop) or epochs < runner.max_epochs:
        return []
    return [
        f'{owner}: {option}={epochs}, but training ends after {runner.max_epochs} epochs: what comes after them would '
        f'never begin. Lower {option}, or raise train_cfg.max_epochs.'
    ]


@contextmanager
def kept_random_state():
    """What is drawn inside leaves the random generators of Python, numpy and torch as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def training_inputs(runner) -> Tensor:
    """What the model gets of the first two samples: (B, C, H, W), or views (V, B, C, H, W).

    Raises:
        ValueError: They cannot be loaded or prepared, or the batch is not of one tensor.
    """
    loader, model = runner.train_dataloader, unwrap(runner.model)
    try:
        with kept_random_state():
            batch = loader.collate_fn([loader.dataset[i] for i in range(min(2, len(loader.dataset)))])
            inputs = model.data_preprocessor(batch, True)['inputs']
    except Exception as error:
        raise ValueError(f'The first samples cannot be made into a batch: {type(error).__name__}: {error}') from error
    count = len(batch['data_samples'])
    if not torch.is_tensor(inputs) or inputs.ndim not in (4, 5) or inputs.size(inputs.ndim - 4) != count:
        shape = tuple(inputs.shape) if torch.is_tensor(inputs) else type(inputs).__name__
        raise ValueError(
            f'{count} samples become a batch of the shape {shape}: several views of a sample need '
            'data_preprocessor=dict(type="mmnoisy.MultiViewDataPreprocessor"), and images one size.'
        )
    return inputs
