from typing import List

from mmpretrain.structures import DataSample
from torch import Tensor, cat, nn

from ...registry import MODELS
from ...stamps import read_division, read_targets
from .semi_supervised import check_views, first_view, network_losses, probabilities
from .two_networks import TwoNetworks


@MODELS.register_module()
class DivideMix(TwoNetworks):
    """Two networks; each learns from the samples that the other believes, and guesses labels for the rest.

    `DivideMix: Learning with Noisy Labels as Semi-supervised Learning <https://arxiv.org/abs/2002.07394>`_.
    :class:`mmnoisy.engine.CoDivideHook` divides the training set and stamps the division; batches without a stamp are
    the warm-up, in which both networks learn from all labels. As in the official code a network that is trained
    makes its guesses in train mode; BatchNorm's running statistics come from these passes alone (there from the
    passes with mixed images, too), because test images are not mixed.

    Args:
        *args: See :class:`TwoNetworks`.
        step (dict): Config of the :class:`SemiSupervisedStep`: ``mmnoisy.MixMatchStep`` (the paper) or
            ``mmnoisy.FixMatchStep``.
        **kwargs: See :class:`TwoNetworks`.

    Raises:
        ValueError: Training batches have a single view.
    """

    def __init__(self, *args, step: dict, **kwargs):
        super().__init__(*args, **kwargs)
        self.step = MODELS.build(step)

    def loss(self, inputs: Tensor, data_samples: List[DataSample]) -> dict:
        """Losses of the active networks, ``loss_net1_<term>`` and ``loss_net2_<term>``; inputs (V, B, C, H, W)."""
        division = read_division(data_samples)
        if division is None:
            return super().loss(first_view(inputs), data_samples)
        self.check_inputs(inputs)
        networks = (self.net1, self.net2)
        guesses = [self.predictions(net, inputs, i in division.active) for i, net in enumerate(networks)]
        label = read_targets(data_samples, guesses[0].size(2), inputs.device)
        result = {}
        for i in division.active:
            losses = network_losses(self.step, networks[i], inputs, label, division, i, guesses[i], cat(guesses))
            for name, value in losses.items():
                prefix = f'loss_net{i + 1}_' if name.startswith('loss_') else f'net{i + 1}_'
                result[prefix + name.replace('loss_', '')] = value
        return dict(result, **self.penalties(division.active))

    def check_inputs(self, inputs: Tensor) -> None:
        """Refuse images of a single view."""
        check_views(self, inputs)

    def predictions(self, network: nn.Module, inputs: Tensor, trained: bool) -> Tensor:
        """Probabilities of a network, (V', B, K); one that is not trained now is in eval mode."""
        views = inputs[self.step.guess_views]
        if trained or not network.training:
            return probabilities(network, views)
        network.eval()
        try:
            return probabilities(network, views)
        finally:
            network.train()
