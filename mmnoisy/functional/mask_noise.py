"""Label noise of segmentation masks as pure functions: wrong pixels, wrong objects, moved boundaries, missing objects.

Masks are integers (N, H, W): a class in 0..K-1, or another number where nothing is known, which noise leaves alone. An object
is a connected part of one class that is not the background, corners counted. Nothing here touches a global random state.
"""

from typing import Dict, NamedTuple, Sequence

import numpy as np

from .noise import corrupt
from .transition import check_rate, matrix_of_kind, read_options

KINDS = ('pixels', 'objects', 'boundary', 'drop')


class Objects(NamedTuple):
    """The objects of masks.

    Args:
        number (np.ndarray): (N, H, W) int64, the object of each pixel, from 1; 0 where there is none.
        labels (np.ndarray): (M,) int64, the class of each object.
        image (np.ndarray): (M,) int64, the mask that it is in.
    """

    number: np.ndarray
    labels: np.ndarray
    image: np.ndarray


def find_objects(masks: np.ndarray, num_classes: int, background: int = 0) -> Objects:
    """Connected parts of one class, numbered by mask, class and place."""
    from scipy.ndimage import label as connected

    number = np.zeros(masks.shape, dtype=np.int64)
    labels, image = [], []
    for i, mask in enumerate(masks):
        for k in np.unique(mask[mask < num_classes]):
            if k == background:
                continue
            parts, count = connected(mask == k, structure=np.ones((3, 3)))
            number[i] += np.where(parts > 0, parts + len(labels), 0)
            labels += [int(k)] * count
            image += [i] * count
    return Objects(number, np.array(labels, dtype=np.int64), np.array(image, dtype=np.int64))


def wrong_pixels(masks: np.ndarray, matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each pixel's class is drawn from T (K, K), as many pixels of each class as it says."""
    noisy, known = masks.copy(), (masks >= 0) & (masks < len(matrix))
    noisy[known] = corrupt(masks[known], matrix, rng)
    return noisy


def wrong_objects(masks: np.ndarray, matrix: np.ndarray, rng: np.random.Generator, background: int = 0) -> np.ndarray:
    """Each object's class is drawn from T (K, K), as many objects of each class as it says."""
    objects = find_objects(masks, len(matrix), background)
    return _with_labels(masks, objects, corrupt(objects.labels, matrix, rng))


def dropped_objects(
    masks: np.ndarray, num_classes: int, rate: float, rng: np.random.Generator, background: int = 0
) -> np.ndarray:
    """A share of the objects, met to one object, becomes background."""
    objects = find_objects(masks, num_classes, background)
    labels = objects.labels.copy()
    labels[_share(len(labels), rate, rng)] = background
    return _with_labels(masks, objects, labels)


def moved_boundaries(
    masks: np.ndarray, num_classes: int, rate: float, shift: int, rng: np.random.Generator, background: int = 0
) -> np.ndarray:
    """A share of the objects grows into the background, or shrinks, by 1 to ``shift`` pixels; half of them grow.

    An object that would vanish stays as it is: that is :func:`dropped_objects`.

    Raises:
        ValueError: ``shift`` is no whole number above 0.
    """
    from scipy.ndimage import binary_dilation, binary_erosion

    if isinstance(shift, bool) or not isinstance(shift, int) or shift < 1:
        raise ValueError(f'mask noise: shift must be a whole number of pixels, at least 1, not {shift!r}.')
    objects, noisy = find_objects(masks, num_classes, background), masks.copy()
    for place, m in enumerate(_share(len(objects.labels), rate, rng)):
        i, width = objects.image[m], int(rng.integers(1, shift + 1))
        own = objects.number[i] == m + 1
        if place % 2:
            smaller = binary_erosion(own, np.ones((3, 3)), width, border_value=1)
            noisy[i][own & ~smaller if smaller.any() else np.zeros_like(own)] = background
        else:
            larger = binary_dilation(own, np.ones((3, 3)), width)
            noisy[i][larger & (noisy[i] == background)] = objects.labels[m]
    return noisy


def add_mask_noise(
    masks: np.ndarray,
    num_classes: int,
    rng: np.random.Generator,
    kind: str,
    background: int = 0,
    classes: Sequence[str] = (),
    **options,
) -> np.ndarray:
    """Noisy masks from a noise config.

    Args:
        masks (np.ndarray): (N, H, W), integers.
        num_classes (int): K >= 2.
        rng (np.random.Generator): Source of all randomness.
        kind (str): One of :data:`KINDS`.
        background (int): Class that is no object. Defaults to 0.
        classes (Sequence[str]): Names of the classes, for a ``mapping``.
        **options: ``transition`` (``pixels``, ``objects``): ``dict(kind='symmetric', rate=0.3)`` and the like, see
            :func:`mmnoisy.functional.transition.matrix_of_kind`; ``rate`` (``drop``, ``boundary``), the share of the
            objects; ``shift`` (``boundary``), in pixels.

    Returns:
        np.ndarray: (N, H, W), of the type of ``masks``.

    Raises:
        ValueError: Unknown kind, missing or unknown option, or a bad value.
    """
    if kind in ('pixels', 'objects'):
        transition = dict(read_options(kind, options, ('transition',))['transition'])
        matrix = matrix_of_kind(transition.pop('kind', None), num_classes, classes, **transition)
        return wrong_pixels(masks, matrix, rng) if kind == 'pixels' else wrong_objects(masks, matrix, rng, background)
    if kind == 'drop':
        return dropped_objects(
            masks, num_classes, rng=rng, background=background, **read_options(kind, options, ('rate',))
        )
    if kind == 'boundary':
        options = read_options(kind, options, ('rate', 'shift'))
        return moved_boundaries(masks, num_classes, rng=rng, background=background, **options)
    raise ValueError(f'mask noise: unknown kind {kind!r}. Known kinds: {", ".join(KINDS)}.')


def realised_rates(clean: np.ndarray, noisy: np.ndarray, num_classes: int, background: int = 0) -> Dict[str, object]:
    """What noise masks have.

    Returns:
        dict: Shares in [0, 1]: ``pixels``, of the known pixels that are wrong; ``by_class`` (K), of each true class, None
        where it has no pixel; ``objects``, of the objects whose commonest given label is not theirs; ``dropped``, of the
        objects whose commonest given label is the background.
    """
    known = (clean >= 0) & (clean < num_classes)
    wrong = (clean != noisy) & known
    pixels = np.bincount(clean[known].astype(np.int64), minlength=num_classes)
    hits = np.bincount(clean[wrong].astype(np.int64), minlength=num_classes)
    objects = find_objects(clean, num_classes, background)
    counts = np.zeros((len(objects.labels), num_classes), dtype=np.int64)
    inside = (objects.number > 0) & (noisy >= 0) & (noisy < num_classes)
    np.add.at(counts, (objects.number[inside] - 1, noisy[inside].astype(np.int64)), 1)
    given = counts.argmax(1)
    return dict(
        pixels=float(wrong.sum() / max(1, known.sum())),
        by_class=[float(hit / size) if size else None for hit, size in zip(hits, pixels)],
        objects=float((given != objects.labels).mean()) if len(given) else 0.0,
        dropped=float((given == background).mean()) if len(given) else 0.0,
    )


def _share(count: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Which of ``count`` objects: ``rate`` of them, in a random order."""
    return rng.permutation(count)[: int(round(check_rate(rate) * count))]


def _with_labels(masks: np.ndarray, objects: Objects, labels: np.ndarray) -> np.ndarray:
    """Masks whose objects have other classes (M,)."""
    table = np.concatenate([[0], labels]).astype(masks.dtype)
    return np.where(objects.number > 0, table[objects.number], masks)
