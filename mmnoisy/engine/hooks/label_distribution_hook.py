from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from ...models.losses.table_loss import SampleTableLoss
from ...registry import HOOKS
from ..model_parts import sample_state_losses
from ..sample_record import SampleRecordHook

#: Samples whose distributions, (., K), are in memory at once.
_CHUNK = 8192


def table_losses(model: nn.Module) -> List[SampleTableLoss]:
    """The losses below ``model`` that learn a distribution over the classes for each sample."""
    return [loss for loss in sample_state_losses(model).values() if isinstance(loss, SampleTableLoss)]


@HOOKS.register_module()
class LabelDistributionHook(SampleRecordHook):
    """Judges labels by what a loss has learnt of each sample (:class:`PENCILLoss`, :class:`ELRLoss`).

    The loss gives a distribution over the classes for each sample; two networks the mean of theirs. The score is its
    value at the given label, the suggested label its largest class, and an issue is where that is another one. Put
    :class:`mmnoisy.LossStateHook` beside it, which makes the distributions equal on all ranks.

    Args:
        **kwargs: See :class:`SampleRecordHook`.

    Raises:
        ValueError: Before training: no such loss in the model.
    """

    def preflight(self, runner) -> List[str]:
        problems = super().preflight(runner)
        if not table_losses(runner.model):
            problems.append(
                f'{self.name}: the model has no loss that learns a label distribution, such as mmnoisy.PENCILLoss.'
            )
        return problems

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._losses = table_losses(runner.model)

    def score(self) -> Optional[Tensor]:
        return self._judge()[0]

    def issues(self) -> Tensor:
        return self.suggested_labels() != self.labels

    def suggested_labels(self) -> Optional[Tensor]:
        return self._judge()[1]

    def _judge(self) -> Tuple[Tensor, Tensor]:
        """Probability of the given label, (N,), NaN where nothing is known, and the most probable class, (N,)."""
        scores, classes = [], []
        device = self._losses[0].targets.device
        for index in torch.arange(self.num_samples).split(_CHUNK):
            label = self.labels[index].to(device)
            known = [loss.label_distribution(index.to(device), label) for loss in self._losses]
            mean = torch.stack(known).mean(0)
            scores.append(mean.gather(1, label[:, None])[:, 0].cpu())
            classes.append(mean.argmax(1).cpu())
        return torch.cat(scores), torch.cat(classes)
