from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..engine.model_parts import evaluated_model
from ..engine.sweep import precision, sweep, sweep_loader
from ..files import replace_file
from ..registry import HOOKS
from ..stamps import observed_labels, predicted_classes, predicted_scores


def _probabilities(model, inputs, data_samples):
    """A sweep's measure: ``pred_score`` (B, K), ``pred_label`` (B,) and ``label`` (B,)."""
    results = model(inputs, data_samples, mode='predict')
    scores, predicted = predicted_scores(results), predicted_classes(results)['pred_label']
    return dict(pred_score=scores, pred_label=predicted, label=observed_labels(results, scores.device))


@HOOKS.register_module()
class PredictionsHook(Hook):
    """Leaves the test predictions of a run's last epoch in ``test_predictions.npz`` of its ``work_dir``.

    So that other metrics can be computed without training again: ``pred_score`` (N, K) float16, ``pred_label``
    (N,) int64, as small differences are no more in the scores, and ``label`` (N,) int64, the test set's own. Row i is sample i
    of the test set. The weights are those that validation uses: the averaged ones
    under an EMAHook. Nothing is written where there is no ``test_dataloader``.
    """

    priority = 'VERY_LOW'

    def after_train(self, runner) -> None:
        cfg = runner.cfg.get('test_dataloader')
        if not cfg:
            return
        dataset = Runner.build_dataloader(cfg, seed=runner.seed).dataset
        found = sweep(evaluated_model(runner), sweep_loader(runner, dataset), _probabilities, context=precision(runner))
        if is_main_process():
            with replace_file(Path(runner.work_dir) / 'test_predictions.npz', 'wb') as file:
                labels = {name: found[name].numpy().astype(np.int64) for name in ('pred_label', 'label')}
                scores = found['pred_score'].numpy().astype(np.float16)
                np.savez_compressed(file, pred_score=scores, pred_label=labels['pred_label'], label=labels['label'])
