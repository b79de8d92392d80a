import numpy as np
import pytest

from mmnoisy.functional.class_maps import ASYMMETRIC_MAPS
from mmnoisy.functional.transition import (
    asymmetric_matrix,
    check_matrix,
    check_rate,
    pairflip_matrix,
    symmetric_matrix,
    transition_matrix,
)

CIFAR10 = 'airplane automobile bird cat deer dog frog horse ship truck'.split()
FASHION = 'tshirt trouser pullover dress coat sandal shirt sneaker bag boot'.split()
# The 20 superclasses as the data set's home page lists them.
CIFAR100 = """beaver dolphin otter seal whale
aquarium_fish flatfish ray shark trout
orchid poppy rose sunflower tulip
bottle bowl can cup plate
apple mushroom orange pear sweet_pepper
clock keyboard lamp telephone television
bed chair couch table wardrobe
bee beetle butterfly caterpillar cockroach
bear leopard lion tiger wolf
bridge castle house road skyscraper
cloud forest mountain plain sea
camel cattle chimpanzee elephant kangaroo
fox porcupine possum raccoon skunk
crab lobster snail spider worm
baby boy girl man woman
crocodile dinosaur lizard snake turtle
hamster mouse rabbit shrew squirrel
maple_tree oak_tree palm_tree pine_tree willow_tree
bicycle bus motorcycle pickup_truck train
lawn_mower rocket streetcar tank tractor"""


def named(mapping, names):
    return {names[a]: names[b] for a, b in mapping.items()}


def test_published_maps():
    assert named(ASYMMETRIC_MAPS['cifar10'], CIFAR10) == dict(
        truck='automobile', bird='airplane', cat='dog', dog='cat', deer='horse'
    )
    assert named(ASYMMETRIC_MAPS['fashion_mnist'], FASHION) == dict(
        boot='sneaker', sneaker='sandal', pullover='shirt', coat='dress', dress='coat'
    )
    assert named(ASYMMETRIC_MAPS['fashion_mnist_cdr'], FASHION) == dict(
        tshirt='shirt', pullover='coat', sandal='sneaker', sneaker='sandal'
    )
    assert ASYMMETRIC_MAPS['mnist'] == {7: 1, 2: 7, 3: 8, 5: 6, 6: 5}


def test_cifar100_map_is_circular_inside_each_superclass():
    groups = [line.split() for line in CIFAR100.splitlines()]
    names = sorted(name for group in groups for name in group)
    from mmpretrain.datasets.categories import CIFAR100_CATEGORIES

    assert list(CIFAR100_CATEGORIES) == names
    expected = {a: b for group in groups for a, b in zip(sorted(group), sorted(group)[1:] + sorted(group)[:1])}
    assert named(ASYMMETRIC_MAPS['cifar100'], names) == expected and len(expected) == 100


def test_matrices_by_hand():
    np.testing.assert_allclose(symmetric_matrix(3, 0.3), [[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]])
    np.testing.assert_allclose(
        symmetric_matrix(3, 0.3, inclusive=True), [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    )
    np.testing.assert_allclose(symmetric_matrix(2, 1), [[0, 1], [1, 0]])
    np.testing.assert_allclose(pairflip_matrix(3, 0.4), [[0.6, 0.4, 0], [0, 0.6, 0.4], [0.4, 0, 0.6]])
    np.testing.assert_allclose(asymmetric_matrix(3, 0.4, {2: 0}), [[1, 0, 0], [0, 1, 0], [0.4, 0, 0.6]])


def test_mapping_by_number_text_or_name():
    expected = asymmetric_matrix(3, 0.4, {0: 2})
    np.testing.assert_array_equal(asymmetric_matrix(3, 0.4, {'0': '2'}), expected)
    np.testing.assert_array_equal(asymmetric_matrix(3, 0.4, {'cat': 'emu'}, ('cat', 'dog', 'emu')), expected)


@pytest.mark.parametrize('rate', [-0.1, 1.1, float('nan'), '0.4', None, True])
def test_bad_rate(rate):
    with pytest.raises(ValueError, match=r'rate must be a number in \[0, 1\]'):
        check_rate(rate)


@pytest.mark.parametrize(
    'mapping, message',
    [
        ({0: 3}, r'0 -> 3 names class 3, but the data set has the classes 0\.\.2 \(cat, dog, emu\)'),
        ({-1: 0}, 'names class -1'),
        ({'cow': 'cat'}, "names class 'cow'.*cat, dog, emu"),
        ({0: 1.5}, 'names class 1.5'),
        ('cifar11', "unknown mapping 'cifar11'. Known: cifar10, cifar100, cifar100_blocks, fashion_mnist"),
        ('cifar10', '9 -> 1 names class 9'),
        ([0, 1], 'must be a name or a dict'),
    ],
)
def test_bad_mapping(mapping, message):
    with pytest.raises(ValueError, match=message):
        asymmetric_matrix(3, 0.4, mapping, ('cat', 'dog', 'emu'))


@pytest.mark.parametrize(
    'matrix, message',
    [
        (np.eye(3), r'shape \(3, 3\).*must be \(2, 2\)'),
        ([[1.5, -0.5], [0, 1]], r'outside \[0, 1\]'),
        ([[float('nan'), 1], [0, 1]], r'outside \[0, 1\]'),
        ([[1, 0], [0.5, 0.4]], 'row 1 .* sums to 0.9'),
        ([[1, 0], [1]], '2 rows of 2 numbers'),
        ('abc', '2 rows of 2 numbers'),
    ],
)
def test_bad_matrix(matrix, message):
    with pytest.raises(ValueError, match=message):
        check_matrix(matrix, 2)


def test_realised_matrix_with_an_absent_class():
    realised = transition_matrix([0, 0, 0, 0, 2], [0, 0, 1, 2, 2], 3)
    np.testing.assert_allclose(realised, [[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 1]])


def test_cifar100_blocks_are_those_of_the_published_codes():
    """``build_for_cifar100(5)`` in each block of five consecutive labels: the last of a block becomes its first."""
    expected = {}
    for first in range(0, 100, 5):
        for i in range(5):
            expected[first + i] = first if i == 4 else first + i + 1
    assert ASYMMETRIC_MAPS['cifar100_blocks'] == expected
