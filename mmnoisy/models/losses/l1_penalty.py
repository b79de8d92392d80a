from typing import Iterator

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from ...registry import MODELS


@MODELS.register_module()
class L1Penalty(nn.Module):
    """``weight * sum |w|`` over a model's weights, for ``SampleAwareClassifier(penalties=[...])``.

    Counted are the weights of convolutions and linear layers that are trained; not biases, BatchNorm, or what a loss
    keeps per sample. Mind that the optimizer's ``weight_decay`` (L2) is another penalty beside this one.

    Args:
        weight (float): Factor on the sum, >= 0.
        all_parameters (bool): Count every trained parameter of the model. Defaults to False.

    Raises:
        ValueError: ``weight`` is negative.
    """

    name = 'l1'

    def __init__(self, weight: float, all_parameters: bool = False):
        super().__init__()
        if weight < 0:
            raise ValueError(f'L1Penalty: weight must be >= 0, not {weight}.')
        self.weight = weight
        self.all_parameters = all_parameters

    def forward(self, model: nn.Module) -> Tensor:
        """Penalty of ``model``: a scalar, in float32 under mixed precision too."""
        return self.weight * sum(  # type: ignore[return-value]
            p.abs().sum() for p in self._parameters_of(model) if p.requires_grad
        )

    def _parameters_of(self, model: nn.Module) -> Iterator[Tensor]:
        if self.all_parameters:
            return model.parameters()
        return (module.weight for module in model.modules() if isinstance(module, (_ConvNd, nn.Linear)))
