from typing import Callable, Dict

from torch import Tensor

from ...progress import linear_ramp


class SemiSupervisedStep:
    """Base of what a network does with a batch of labelled and unlabelled samples.

    Args:
        lambda_u (float): Weight of the unlabelled loss.
        ramp_epochs (float): Epochs over which ``lambda_u`` grows from 0. Defaults to 0: no ramp.
        temperature (float): Of sharpening, in (0, 1]. Defaults to 0.5.
        prior_weight (float): Weight of the penalty that keeps the mean prediction near a uniform one. Defaults to 0.

    Raises:
        ValueError: An option out of range.
    """

    #: Views of which the predictions are needed, a slice.
    guess_views = slice(None)
    #: Fewest views of each sample that it works with.
    min_views = 2
    #: Whether it serves the warm-up, too, when every label is believed; else that is plain training.
    learns_in_warmup = False

    def __init__(self, lambda_u: float, ramp_epochs: float = 0, temperature: float = 0.5, prior_weight: float = 0):
        if lambda_u < 0 or ramp_epochs < 0 or prior_weight < 0 or not 0 < temperature <= 1:
            raise ValueError(
                f'{type(self).__name__}: lambda_u, ramp_epochs and prior_weight must be >= 0 and temperature in (0, 1], '
                f'not {lambda_u}, {ramp_epochs}, {prior_weight} and {temperature}.'
            )
        self.lambda_u, self.ramp_epochs = lambda_u, ramp_epochs
        self.temperature, self.prior_weight = temperature, prior_weight

    def unlabelled_weight(self, age: float) -> float:
        """``lambda_u`` times its ramp, ``age`` epochs after the first division."""
        return self.lambda_u * linear_ramp(age, self.ramp_epochs)

    def __call__(
        self,
        network: Callable[[Tensor], Tensor],
        views: Tensor,
        label: Tensor,
        p_clean: Tensor,
        labelled: Tensor,
        unlabelled: Tensor,
        own: Tensor,
        guess: Tensor,
        age: float = 0.0,
    ) -> Dict[str, Tensor]:
        """Losses of one network.

        Args:
            network (Callable): Images (., C, H, W) -> logits (., K) with gradient.
            views (Tensor): (V, B, C, H, W).
            label (Tensor): One-hot or soft observed labels, (B, K).
            p_clean (Tensor): Probability that the label is right, (B,).
            labelled (Tensor): Positions in the batch whose label is used, int64.
            unlabelled (Tensor): The other positions, int64.
            own (Tensor): Predictions of this network on ``guess_views``, (V', B, K).
            guess (Tensor): Predictions of all networks on ``guess_views``, (V' x networks, B, K).
            age (float): Epochs, with fractions, since the training set was first divided. Defaults to 0.

        Returns:
            dict[str, Tensor]: Scalars ``loss_labelled``, ``loss_unlabelled`` and ``loss_prior`` (those in use).
        """
        raise NotImplementedError


def mean_or_zero(values: Tensor, like: Tensor) -> Tensor:
    """Mean, and 0 with a gradient path where there is nothing to average."""
    return values.mean() if len(values) else like.sum() * 0
