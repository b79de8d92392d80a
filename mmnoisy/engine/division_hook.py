"""What hooks share that divide a training set by a mixture of losses: the options of the fit, and the stamps."""

from typing import Optional, Sequence

from ..stamps import Division
from .loss_division import LossDivision
from .sample_record import SampleRecordHook
from .streams import stamp_division


class DivisionHook(SampleRecordHook):
    """Base of :class:`mmnoisy.engine.CoDivideHook` and :class:`mmnoisy.engine.LossMixtureHook`.

    Args:
        warmup_epochs (int): Epochs before the first division, >= 1.
        threshold (float): A label with ``p_clean`` above it is believed, in (0, 1). Defaults to 0.5.
        mixture (str): ``'bmm'`` (Beta mixture) or ``'gmm'``. Defaults to ``'bmm'``.
        mixture_options (dict, optional): See :class:`mmnoisy.engine.loss_division.LossDivision`.
        percentile (float): See there. Defaults to 0.
        per_class (bool): See there. Defaults to False.
        plot_interval (int): See there. Defaults to 10.
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: An option out of range.
    """

    #: Names of the networks of a model of two; None for a model that is one.
    networks: Optional[Sequence[str]] = None
    #: Whether models are told what was found.
    stamp = True
    selects_by_sweep = True

    def __init__(
        self,
        warmup_epochs: int,
        threshold: float = 0.5,
        mixture: str = 'bmm',
        mixture_options: Optional[dict] = None,
        percentile: float = 0.0,
        per_class: bool = False,
        plot_interval: int = 10,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if warmup_epochs < 1:
            raise ValueError(f'{self.name}: warmup_epochs must be >= 1, not {warmup_epochs}.')
        self.warmup_epochs, self.threshold = warmup_epochs, threshold
        self.divider = LossDivision(
            self.name, self.networks, threshold, mixture, mixture_options, percentile, per_class, plot_interval
        )
        #: What to stamp, of the whole training set; None in the warm-up.
        self.division: Optional[Division] = None

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self.stamp and self.division is not None:
            stamp_division(runner, batch_idx, data_batch['data_samples'], self.division, self.warmup_epochs)
