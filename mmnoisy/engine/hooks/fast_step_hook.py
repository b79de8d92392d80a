from typing import Any, List, Optional

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from torch import nn

from ...registry import HOOKS
from ..model_parts import unwrap

#: Modes of torch.compile, and how an optimizer walks over its parameters.
COMPILE, OPTIMIZER = ('default', 'reduce-overhead'), ('foreach', 'fused')
_OPTIONS = dict(channels_last=False, optimizer=None, cudnn_benchmark=False, compile=None)


@HOOKS.register_module()
class FastStepHook(Hook):
    """Makes steps faster by the config's ``fast=dict(...)``: the same formulas, rounded otherwise.

    Args:
        channels_last (bool): Weights of convolutions in the memory format that tensor cores, and pooling on a CPU, want.
        optimizer (str, optional): ``'foreach'`` or ``'fused'``: one call for all weights in place of one for each.
        cudnn_benchmark (bool): Let cuDNN try its kernels; for inputs of one size.
        compile (str, optional): Compile the backbones: ``'default'``, or ``'reduce-overhead'`` (CUDA graphs). Where that
            fails, the run goes on without, which is logged once.

    ``fast`` of the config says what is not given here. All of it is off by default: figures stay to the bit what they are.

    Raises:
        ValueError: Before training: an unknown option or value.
    """

    # After all that makes or changes a model.
    priority = 'LOWEST'

    def __init__(self, **options):
        self.options = options
        self._benchmark: Optional[bool] = None

    def preflight(self, runner) -> List[str]:
        try:
            self._options(runner)
        except ValueError as error:
            return [str(error)]
        return []

    def _options(self, runner) -> dict:
        return check_options(dict(runner.cfg.get('fast') or {}, **self.options))

    def before_train(self, runner) -> None:
        options = self._options(runner)
        model = unwrap(runner.model)
        on = ', '.join(f'{name}={value!r}' for name, value in options.items() if value)
        if on:
            print_log(
                f'fast: {on}. The same formulas, rounded otherwise: figures differ from those of a run without.',
                'current',
            )
        if options['cudnn_benchmark']:
            self._benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, True
        if options['channels_last']:
            model.to(memory_format=torch.channels_last)
        if options['optimizer']:
            set_implementation(runner.optim_wrapper.optimizer, options['optimizer'])
        self._graphs = options['compile'] == 'reduce-overhead'
        if options['compile']:
            for backbone in backbones(model):
                compile_or_not(backbone, options['compile'])

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self._graphs:
            # What the graphs of the last step gave may be overwritten.
            torch.compiler.cudagraph_mark_step_begin()

    def after_run(self, runner) -> None:
        if self._benchmark is not None:
            torch.backends.cudnn.benchmark, self._benchmark = self._benchmark, None


def check_options(given: dict) -> dict:
    """All options of ``fast``.

    Raises:
        ValueError: An unknown option or value.
    """
    unknown = sorted(set(given) - set(_OPTIONS))
    if unknown:
        raise ValueError(f'fast has no option {", ".join(map(repr, unknown))}; it has {", ".join(_OPTIONS)}.')
    options = dict(_OPTIONS, **given)
    for name, known in (('compile', COMPILE), ('optimizer', OPTIMIZER)):
        if options[name] not in (None, *known):
            raise ValueError(f'fast.{name} must be None, {" or ".join(map(repr, known))}, not {options[name]!r}.')
    return options


def set_implementation(optimizer: torch.optim.Optimizer, name: str) -> None:
    """Let an optimizer of torch take its ``foreach`` or ``fused`` way; others are left as they are, with a warning."""
    if name not in optimizer.defaults:
        print_log(f'fast.optimizer: {type(optimizer).__name__} has no {name!r} and stays as it is.', 'current', 30)
        return
    for group in optimizer.param_groups:
        group.update({other: other == name for other in OPTIMIZER if other in optimizer.defaults})
        for parameter in group['params']:
            step = optimizer.state[parameter].get('step') if parameter in optimizer.state else None
            if name == 'fused' and torch.is_tensor(step):
                # A checkpoint's counter is on the CPU.
                optimizer.state[parameter]['step'] = step.to(parameter.device)


def backbones(model: nn.Module) -> List[nn.Module]:
    """The backbones of all networks of a model."""
    return [module for name, module in model.named_modules() if name.split('.')[-1] == 'backbone']


def compile_or_not(module: nn.Module, mode: str) -> None:
    """Compile a module in place, under the names that it has; where its first call cannot be compiled, it stays as it is."""
    module.compile(mode=mode)
    compiled = module._compiled_call_impl

    def call(*args, **kwargs) -> Any:
        try:
            return compiled(*args, **kwargs)
        except Exception as error:
            # An error of the module itself comes again, from itself.
            module._compiled_call_impl = None
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            print_log(
                f'fast.compile: {type(module).__name__} cannot be compiled here and runs as it is: {reason}',
                'current',
                30,
            )
            return module(*args, **kwargs)

    module._compiled_call_impl = call
