from typing import Union

import torch
from torch import Tensor, nn

from ...progress import current_epoch


class ForgetRate(nn.Module):
    """Forget rate of small-loss selection in the running epoch: ``min(T^exponent / num_gradual, 1) * rate``.

    ``T`` counts epochs from 1. With ``rate='auto'`` nothing is forgotten until :class:`mmnoisy.engine.ForgetRateHook`
    has put its estimate into the buffer ``estimate``, which checkpoints keep.

    Args:
        rate (float | str): Share of the data to forget, in [0, 1), in the papers the noise rate; or ``'auto'``.
        num_gradual (int): Epochs over which the rate grows to its value. Defaults to 10, the papers' value.
        exponent (float): Shape of the growth. Defaults to 1.0, the papers' value.

    Raises:
        ValueError: A value out of its range.
    """

    estimate: Tensor

    def __init__(self, rate: Union[float, str], num_gradual: int = 10, exponent: float = 1.0):
        super().__init__()
        self.auto = rate == 'auto'
        if not self.auto and not (isinstance(rate, (int, float)) and 0 <= rate < 1):
            raise ValueError(f"forget_rate: rate must be in [0, 1) or 'auto', not {rate!r}.")
        if num_gradual < 1 or exponent <= 0:
            raise ValueError(
                'forget_rate: num_gradual must be at least 1 and exponent above 0, not '
                f'{num_gradual!r} and {exponent!r}.'
            )
        self.rate, self.num_gradual, self.exponent = rate, num_gradual, exponent
        self._has_estimator = False
        if self.auto:
            self.register_buffer('estimate', torch.zeros(()))

    @classmethod
    def build(cls, config: Union[float, str, dict]) -> 'ForgetRate':
        """From a number, ``'auto'``, or a dict of the constructor's arguments."""
        return cls(**config) if isinstance(config, dict) else cls(config)

    def expect_estimate(self) -> None:
        """Somebody will set ``estimate``: without it ``'auto'`` would silently forget nothing, and is refused."""
        self._has_estimator = True

    def forward(self) -> float:
        """The rate in the running epoch.

        Raises:
            RuntimeError: ``'auto'`` and no hook estimates; from the second epoch on.
        """
        if self.auto and current_epoch() and not self._has_estimator:
            raise RuntimeError("forget_rate='auto' needs custom_hooks=[dict(type='mmnoisy.ForgetRateHook')].")
        rate = self.estimate.item() if self.auto else self.rate
        return min((current_epoch() + 1) ** self.exponent / self.num_gradual, 1.0) * rate
