"""Noise of masks: what each kind does, that rates are met, and that a seed decides everything."""

import numpy as np
import pytest
from scipy import ndimage

from mmnoisy.functional import mask_noise
from mmnoisy.functional.mask_noise import add_mask_noise, find_objects, realised_rates

K = 4


@pytest.fixture(scope='module')
def masks():
    """40 masks of 24x24: squares of 5x5 of the classes 1..3 on a grid, some next to each other, and a strip of 255."""
    rng = np.random.default_rng(0)
    masks = np.zeros((40, 24, 24), dtype=np.uint8)
    for mask in masks:
        for top in (1, 9, 17):
            for left in (1, 9, 17):
                mask[top : top + 5, left : left + 5] = rng.integers(1, K)
    masks[:, :, 23] = 255
    return masks


def noisy(masks, seed=0, **noise):
    return add_mask_noise(masks, K, np.random.default_rng(seed), **noise)


NOISES = [
    dict(kind='pixels', transition=dict(kind='symmetric', rate=0.3)),
    dict(kind='objects', transition=dict(kind='pairflip', rate=0.25)),
    dict(kind='drop', rate=0.2),
    dict(kind='boundary', rate=0.5, shift=2),
]


@pytest.mark.parametrize('noise', NOISES, ids=lambda noise: noise['kind'])
def test_a_seed_decides_and_unknown_pixels_stay(masks, noise):
    before, first = masks.copy(), noisy(masks, **noise)
    assert (masks == before).all() and first.dtype == masks.dtype and first.shape == masks.shape
    assert (first == noisy(masks, **noise)).all() and (first != noisy(masks, seed=1, **noise)).any()
    assert (first != masks).any() and ((first == 255) == (masks == 255)).all()


def test_objects_are_connected_parts():
    mask = np.array([[[1, 1, 0, 2], [0, 0, 1, 2], [3, 0, 0, 255]]])
    objects = find_objects(mask, K)
    assert objects.number.tolist() == [[[1, 1, 0, 2], [0, 0, 1, 2], [3, 0, 0, 0]]]
    assert objects.labels.tolist() == [1, 2, 3] and objects.image.tolist() == [0, 0, 0]


def test_pixels_follow_the_matrix(masks):
    found = noisy(masks, **NOISES[0])
    for k in range(K):
        of_class = masks == k
        shares = np.bincount(found[of_class], minlength=K) / of_class.sum()
        expected = np.where(np.arange(K) == k, 0.7, 0.1)
        np.testing.assert_allclose(shares, expected, atol=1e-3)
    assert realised_rates(masks, found, K)['pixels'] == pytest.approx(0.3, abs=1e-4)


def test_whole_objects_change(masks):
    found, objects = noisy(masks, **NOISES[1]), find_objects(masks, K)
    given = [np.unique(found[objects.number == m + 1]) for m in range(len(objects.labels))]
    assert {len(values) for values in given} == {1} and (found[masks == 0] == 0).all()
    given = np.concatenate(given)
    wrong = given != objects.labels
    assert (given[wrong] == (objects.labels[wrong] + 1) % K).all()
    assert wrong.mean() == pytest.approx(0.25, abs=1 / len(given))
    rates = realised_rates(masks, found, K)
    assert rates['objects'] == wrong.mean() and rates['by_class'][0] == 0
    assert rates['dropped'] == (given == 0).mean() > 0


def test_dropped_objects_are_gone(masks):
    found, objects = noisy(masks, **NOISES[2]), find_objects(masks, K)
    gone = np.array([(found[objects.number == m + 1] == 0).all() for m in range(len(objects.labels))])
    assert gone.sum() == round(0.2 * len(gone))
    kept = ~np.isin(objects.number, np.flatnonzero(gone) + 1)
    assert (found[kept] == masks[kept]).all()
    assert realised_rates(masks, found, K)['dropped'] == gone.mean()


def test_boundaries_move_by_whole_pixels(masks):
    found, objects = noisy(masks, **NOISES[3]), find_objects(masks, K)
    square, changed = np.ones((3, 3)), 0
    allowed = {}
    for m in range(len(objects.labels)):
        i = objects.image[m]
        own, part = objects.number[i] == m + 1, found[i] == objects.labels[m]
        reach = ndimage.binary_dilation(own, square, 3)
        for width in (-2, -1, 0, 1, 2):
            # Only background is grown into.
            moved = ndimage.binary_dilation(own, square, width) & ((masks[i] == 0) | own) if width > 0 else own
            moved = ndimage.binary_erosion(own, square, -width) if width < 0 else moved
            if (part & reach)[moved].all() and part[own].sum() == (moved & own).sum():
                allowed[m] = width
        changed += allowed[m] != 0
    assert len(allowed) == len(objects.labels) and set(allowed.values()) == {-2, -1, 0, 1, 2}
    assert changed == round(0.5 * len(objects.labels))
    assert realised_rates(masks, found, K)['pixels'] == (found != masks)[masks != 255].mean()


def test_an_object_does_not_vanish_by_its_boundary():
    mask = np.zeros((1, 5, 5), dtype=np.int64)
    mask[0, 2, 2] = 1
    for seed in range(4):
        assert add_mask_noise(mask, 2, np.random.default_rng(seed), 'boundary', rate=1.0, shift=1)[0, 2, 2] == 1


def test_without_objects_nothing_happens():
    empty = np.zeros((2, 4, 4), dtype=np.uint8)
    for noise in NOISES[1:]:
        assert (noisy(empty, **noise) == 0).all()
    rates = realised_rates(empty, empty, K)
    assert rates == dict(pixels=0, by_class=[0, None, None, None], objects=0, dropped=0)


@pytest.mark.parametrize(
    'noise, message',
    [
        (dict(kind='blur'), "unknown kind 'blur'. Known kinds: pixels, objects, boundary, drop"),
        (dict(kind='drop'), "needs the option 'rate'"),
        (dict(kind='drop', rate=1.5), 'rate must be a number in'),
        (dict(kind='drop', rate=0.5, shift=1), "no option 'shift'"),
        (dict(kind='boundary', rate=0.5, shift=0), 'shift must be a whole number'),
        (dict(kind='pixels', rate=0.5), "needs the option 'transition'"),
        (dict(kind='pixels', transition=dict(kind='salt', rate=0.5)), "unknown kind 'salt'"),
    ],
)
def test_bad_options(masks, noise, message):
    with pytest.raises(ValueError, match=message):
        noisy(masks, **noise)


def test_all_kinds_have_a_case():
    assert {noise['kind'] for noise in NOISES} == set(mask_noise.KINDS)
