"""What ``summary.json`` says of a run, from its history."""

import logging
from typing import Dict, List, Optional

from mmengine.logging import print_log


def accuracies(history: List[dict], cfg) -> Dict[str, Optional[float]]:
    """Accuracies of the last epoch, of the one that is best on validation, and of the oracle, in percent.

    Args:
        history (list[dict]): Rows by epoch.
        cfg (Config): The run's: where it validates on the test set, no epoch is best.

    Returns:
        dict[str, float | None]: None where something was not measured.
    """
    tested = [row for row in history if 'test_accuracy' in row]
    validated = [row for row in history if 'val_accuracy' in row]
    best = max(validated, key=lambda row: row['val_accuracy']) if validated else {}
    if _same_data(cfg, 'val_dataloader', 'test_dataloader'):
        print_log(
            'val_dataloader reads the test set, so the epoch that is best on it is an oracle: '
            'test_accuracy_at_best_val is left out. Hold out noisy validation data with LabelNoise(holdout=...).',
            logger='current',
            level=logging.WARNING,
        )
        best = {}
    return dict(
        test_accuracy_last=tested[-1]['test_accuracy'] if tested else None,
        **{f'{key}_last': tested[-1][key] for key in (tested or [{}])[-1] if key.startswith('test_accuracy_')},
        test_accuracy_at_best_val=best.get('test_accuracy'),
        val_accuracy_best=best.get('val_accuracy'),
        test_accuracy_oracle_best=max(row['test_accuracy'] for row in tested) if tested else None,
    )


def last_detection(history: List[dict]) -> Optional[Dict[str, float]]:
    """How well the hooks that judge samples found the wrong labels in the end; None where none did."""
    last = history[-1] if history else {}
    prefix = 'detection_'
    return {key[len(prefix) :]: value for key, value in last.items() if key.startswith(prefix)} or None


def noise_of(runner) -> Optional[dict]:
    """The data set's noise and, where a hook estimated it, ``estimated_rate``."""
    dataset = runner.train_dataloader.dataset
    noise = dataset.noise_summary() if hasattr(dataset, 'noise_summary') else None
    estimate = runner.message_hub.get_info('estimated_noise_rate')
    return noise if estimate is None else dict(noise or {}, estimated_rate=estimate)


def _same_data(cfg, first: str, second: str) -> bool:
    return bool(cfg.get(first)) and bool(cfg.get(second)) and cfg[first].dataset == cfg[second].dataset
