"""Gaussian classes with labels of which a known share is wrong."""

import numpy as np


def gaussian_classes(size=400, num_classes=4, dim=20, distance=4.0, rate=0.2, seed=0):
    """Features (N, D), true and given labels (N,); exactly ``rate`` of the given ones are wrong, to random classes."""
    rng = np.random.default_rng(seed)
    clean = np.arange(size) % num_classes
    centres = rng.standard_normal((num_classes, dim))
    centres *= distance / np.linalg.norm(centres, axis=1, keepdims=True)
    features = centres[clean] + rng.standard_normal((size, dim))
    given = clean.copy()
    moved = rng.permutation(size)[: round(rate * size)]
    given[moved] = (clean[moved] + rng.integers(1, num_classes, len(moved))) % num_classes
    return features.astype(np.float32), clean, given
