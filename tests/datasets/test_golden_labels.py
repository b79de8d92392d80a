"""Published figures rest on "noise seed 0": the labels and splits of data without repeats never change by a bit."""

import hashlib

import numpy as np
import pytest

from mmnoisy.datasets import LabelNoise

DIGITS = dict(type='mmnoisy.Digits')
SYM = dict(kind='symmetric', rate=0.4)
MATRIX = (0.7 * np.eye(10) + 0.3 * np.roll(np.eye(10), 3, axis=1)).tolist()


def sha256(values):
    return hashlib.sha256(np.ascontiguousarray(values, dtype='<i8').tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    'noise, labels, held_out',
    [
        (SYM, 'a17330045e6721cf', '5ae7d7809aab4309'),
        (dict(SYM, exact=False), '20462b0b31751414', '9dae5963c91371a6'),
        (dict(kind='symmetric', rate=0.9, inclusive=True), '58465ae834d49a0e', '4c3597a2da2eb9f5'),
        (dict(kind='pairflip', rate=0.45), '19372ef8394907c3', 'fe8caaac1ef6bc10'),
        (dict(kind='asymmetric', rate=0.4, mapping='mnist'), '524b1da9f1a612e6', '4c9e10264d7cad6e'),
        (dict(kind='asymmetric', matrix=MATRIX), '4fff5a2846066c8c', '5c9d28e99d1dfa75'),
        (dict(kind='instance', rate=0.4), 'ffb04c78a98b3f5e', '3e28edd6a9e53b29'),
        (None, 'aebea7d2bc9e1f01', '4e4d8fc5e120fee8'),
    ],
    ids=['symmetric', 'drawn', 'inclusive', 'pairflip', 'asymmetric', 'matrix', 'instance', 'given'],
)
def test_labels_and_split_of_seed_0(noise, labels, held_out):
    assert sha256(LabelNoise(DIGITS, noise).gt_labels) == labels
    assert sha256(LabelNoise(DIGITS, noise, holdout=0.1, part='val').source_idx) == held_out


def test_other_seed_trusted_and_threshold_samples():
    other = LabelNoise(DIGITS, SYM, seed=1, holdout=0.1)
    assert (sha256(other.gt_labels), sha256(other.source_idx)) == ('bd4c828529084182', '537287e5875ed2df')
    trusted = LabelNoise(DIGITS, SYM, holdout=0.1, trusted=dict(per_class=7))
    assert (sha256(trusted.trusted_idx), sha256(trusted.gt_labels)) == ('ef6ba2d740144f74', '3abd959c3722447c')
    threshold = LabelNoise(DIGITS, SYM, holdout=0.1, threshold_samples=dict(index=1))
    assert sha256(threshold.gt_labels) == '00a3efa75875ef1c'


def test_instance_noise_of_earlier_versions_is_an_option():
    noise = dict(kind='instance', rate=0.4, pixels='standardised')
    assert sha256(LabelNoise(DIGITS, noise).gt_labels) == 'ab93b3273f739f08'
    assert sha256(LabelNoise(DIGITS, noise, holdout=0.1, part='val').source_idx) == 'eb8d2eb8fe429f3a'
    with pytest.raises(ValueError, match="pixels must be one of raw, standardised, not 'grey'"):
        LabelNoise(DIGITS, dict(noise, pixels='grey'))


def test_raw_pixels_give_a_class_one_commonest_target():
    """As the official generator: most flips of a class go to one class; standardised pixels spread them."""
    share = {}
    for pixels in ('raw', 'standardised'):
        data = LabelNoise(DIGITS, dict(kind='instance', rate=0.4, pixels=pixels))
        flips = [np.bincount(data.gt_labels[data.clean_labels == k], minlength=10) for k in range(10)]
        for k, row in enumerate(flips):
            row[k] = 0
        share[pixels] = np.mean([row.max() / row.sum() for row in flips])
    assert share['raw'] > 0.6 > share['standardised']
