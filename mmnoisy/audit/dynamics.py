"""The judge ``dynamics``: how a small network learns each label, with no pretrained weights."""

from pathlib import Path
from typing import Sequence, Tuple

import numpy as np

from ..engine import AUMHook
from .cache import cached, fingerprint
from .judges import Judge
from .small_network import network_config, sweep_images, train_network


def judge_by_dynamics(
    images: str, labels: np.ndarray, classes: Sequence[str], folder, key: str, seed: int = 0
) -> Tuple[Judge, np.ndarray]:
    """Score labels by the probability margin averaged over the epochs of a training, see :class:`mmnoisy.AUMHook`.

    What a network learns early comes from other samples, so a wrong label keeps a low margin while it is not memorised.
    The result, with the AUM beside it, is kept in ``<folder>/result.npz``; an interrupted training goes on.

    Args:
        images (str): ``.npy`` of (N, S, S, 3) uint8.
        labels (np.ndarray): (N,) given labels.
        classes (Sequence[str]): K names.
        folder (str | Path): Work dir of the training.
        key (str): Fingerprint of the images.
        seed (int): Defaults to 0.

    Returns:
        tuple[Judge, np.ndarray]: The judge, and the features that the network has learnt, (N, D) float32, by which
        neighbours and near-duplicates are found where there are no others.
    """
    folder = Path(folder)
    key = fingerprint(key, labels, seed)
    run = folder / key[:16]  # Another list of labels must not go on with this one's checkpoint.

    def compute():
        run.mkdir(parents=True, exist_ok=True)
        np.save(run / 'labels.npy', labels)
        hooks = [dict(type='mmnoisy.AUMHook', probabilities=True)]
        cfg = network_config(run, images, str(run / 'labels.npy'), len(classes), len(labels), seed=seed, hooks=hooks)
        runner = train_network(cfg)
        hook = next(hook for hook in runner.hooks if isinstance(hook, AUMHook))
        return dict(
            features=sweep_images(runner.model, np.load(images, mmap_mode='r'), features=True),
            probabilities=hook.mean_probabilities().numpy(),
            margin=hook.probability_margin().numpy(),
            aum=hook.aum().numpy(),
        )

    found = cached(folder / 'result.npz', key, compute)
    probabilities = found['probabilities'].astype(np.float64)
    score, choice, extra = (found['margin'] + 1) / 2, probabilities.argmax(1), dict(aum=found['aum'])
    return Judge('dynamics', score, choice, probabilities, extra, out_of_sample=False), found['features']
