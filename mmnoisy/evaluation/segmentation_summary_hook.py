from typing import Any, Dict

import torch

from ..engine.model_parts import evaluated_model
from ..engine.sweep import sweep, sweep_loader
from ..functional.pixel_scores import confusion, iou_of
from ..registry import HOOKS
from ..stamps import observed_masks, sample_indices
from .summary_hook import SummaryHook


def pixel_confusion(model, inputs, data_samples: list, masks=None) -> Dict[str, torch.Tensor]:
    """A sweep's measure: ``counts`` (B, K, K) of the observed masks, or of those given for the training set, (N, H, W)."""
    results = model(inputs, data_samples, mode='predict')
    if masks is None:
        given = observed_masks(results)
    else:
        given = torch.as_tensor(masks)[sample_indices(results)]
    return dict(
        counts=torch.stack(
            [
                torch.from_numpy(confusion(label.numpy(), result.pred_mask.cpu().numpy(), len(result.pred_score)))
                for label, result in zip(given, results)
            ]
        ).to(inputs.device)
    )


@HOOKS.register_module()
class SegmentationSummaryHook(SummaryHook):
    """:class:`SummaryHook` of segmentation: what it calls accuracy is that of pixels, and the mean IoU stands beside it.

    ``test_miou`` is the mean over the classes of the IoU on the test set, in percent, ``test_miou_at_best_val`` that of the
    epoch that is best on noisy validation. Where the true masks are known, ``train_miou`` is the one with them on the training
    set and ``train_memorised`` the share of the wrong pixels that are predicted as given.

    Args:
        val_metric (str): The validation metric that selects. Defaults to ``'segmentation/miou'``.
        **kwargs: See :class:`SummaryHook`.
    """

    def __init__(self, val_metric: str = 'segmentation/miou', **kwargs):
        super().__init__(val_metric=val_metric, **kwargs)

    def before_train(self, runner) -> None:
        super().before_train(runner)
        known = getattr(runner.train_dataloader.dataset, 'clean_masks', None) is not None
        self._train_loader = sweep_loader(runner) if known and self.train_interval else None

    def measure_test(self, runner) -> Dict[str, float]:
        """``test_accuracy`` and ``test_miou``, in percent. Collective."""
        miou, accuracy = self._scores(runner, self._test_loader, pixel_confusion)
        return dict(test_accuracy=accuracy, test_miou=miou)

    def measure_train(self, runner) -> Dict[str, float]:
        """``train_accuracy`` with the given masks, ``train_miou`` with the true ones and ``train_memorised``. Collective."""
        dataset: Any = self._train_loader.dataset
        clean, given = torch.as_tensor(dataset.clean_masks), torch.as_tensor(dataset.gt_masks)

        def predictions(model, inputs, data_samples):
            results = model(inputs, data_samples, mode='predict')
            return dict(prediction=torch.stack([result.pred_mask for result in results]))

        found = sweep(evaluated_model(runner), self._train_loader, predictions)['prediction'].to(given)
        _, miou, _ = iou_of(confusion(clean.numpy(), found.numpy(), dataset.num_classes))
        wrong = given != clean
        row = dict(train_accuracy=100 * (found == given).double().mean().item(), train_miou=100 * miou)
        if wrong.any():
            row['train_memorised'] = 100 * (found == given)[wrong].double().mean().item()
        return row

    def summary(self, runner) -> dict:
        """That of :class:`SummaryHook`, with the mean IoUs."""
        found = super().summary(runner)
        tested = [row for row in self.history if 'test_miou' in row]
        best = [row for row in tested if row.get('val_accuracy') == found['val_accuracy_best']]
        return dict(
            found,
            test_miou_last=tested[-1]['test_miou'] if tested else None,
            test_miou_at_best_val=best[0]['test_miou'] if best and found['val_accuracy_best'] is not None else None,
        )

    @staticmethod
    def _scores(runner, loader, measure):
        counts = sweep(evaluated_model(runner), loader, measure)['counts'].sum(0)
        _, miou, accuracy = iou_of(counts.numpy())
        return 100 * miou, 100 * accuracy

    def _measures_training(self, runner) -> bool:
        # Not by labels: masks are measured here.
        return False

    def _memorised(self, runner, epoch: int, last: bool) -> dict:
        if self._train_loader is None:
            return {}
        if not last and not self._due(epoch, self.train_interval, 'sweep'):
            return {}
        with self._evaluation.count('memorisation'):
            return dict(memorised_by='sweep', **self.measure_train(runner))
