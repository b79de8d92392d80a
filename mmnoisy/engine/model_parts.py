"""Finding parts of a model, whatever wraps it."""

from typing import Any, Dict, List, Optional

from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from ..models.losses.state_loss import SampleStateLoss
from ..models.losses.transition_loss import TransitionLoss


def transition_losses(model: nn.Module) -> List[TransitionLoss]:
    """Every loss below ``model`` that corrects by a transition matrix."""
    return [module for module in unwrap(model).modules() if isinstance(module, TransitionLoss)]


def sample_state_losses(model: nn.Module) -> Dict[str, SampleStateLoss]:
    """``{name: loss}``: every loss below ``model`` that keeps something per sample."""
    return {name: module for name, module in unwrap(model).named_modules() if isinstance(module, SampleStateLoss)}


def storage(loss: SampleStateLoss) -> str:
    """What a loss keeps per sample and how large it is, in words."""
    state = [getattr(loss, name) for name in loss.sample_state]
    parts = [f'{name} {tuple(value.shape)} {str(value.dtype)[6:]}' for name, value in zip(loss.sample_state, state)]
    size = sum(value.numel() * value.element_size() for value in state)
    learnt = any(isinstance(value, nn.Parameter) for value in state)
    return (
        f'{" and ".join(parts)}: {size / 1e6:.2f} MB in memory and in each checkpoint'
        f'{", gradients and the state of the optimizer not counted" if learnt else ""}'
    )


def loss_modules(model: nn.Module) -> List[nn.Module]:
    """Every module that serves as ``loss_module`` somewhere below ``model`` (all mmpretrain heads have one), once."""
    found = (getattr(module, 'loss_module', None) for module in model.modules())
    return list(dict.fromkeys(module for module in found if isinstance(module, nn.Module)))


def head_classes(model: nn.Module) -> Optional[int]:
    """K of the (first) network's head; None where no head says it."""
    heads = (getattr(module, 'head', None) for module in model.modules())
    return next((head.num_classes for head in heads if getattr(head, 'num_classes', None)), None)


def unwrap(model: nn.Module) -> Any:
    """The model inside a DDP-like wrapper, or the model itself: an ``nn.Module``, with the methods of its class."""
    return model.module if is_model_wrapper(model) else model


def evaluated_model(runner: Runner) -> nn.Module:
    """What the runner's validation evaluates: the averaged model of an EMAHook where there is one, else the model."""
    for hook in runner.hooks:
        # mmpretrain's hook has a switch for it.
        if isinstance(hook, EMAHook) and getattr(hook, 'evaluate_on_ema', True):
            return hook.ema_model.module
    return runner.model


def only_logits(caught: List[Tensor], samples, who: str) -> Tensor:
    """Take the logits, (B, K), that a forward hook of the head caught in an iteration; ``caught`` is empty afterwards.

    Raises:
        RuntimeError: Not one pass with one row a sample.
    """
    shapes = [tuple(logits.shape) for logits in caught]
    if len(shapes) != 1 or shapes[0][0] != len(samples):
        raise RuntimeError(
            f'{who} needs one forward pass of the head an iteration, with one row of logits a sample: '
            f'{len(samples)} samples gave logits of shapes {shapes}.'
        )
    return caught.pop()
