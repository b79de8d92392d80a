"""Class maps published for asymmetric label noise."""

import operator
from typing import Dict, Optional, Sequence, Union

#: Class maps published for asymmetric noise: ``{class: class it is mistaken for}``; other classes stay.
ASYMMETRIC_MAPS: Dict[str, Dict[int, int]] = {
    # Patrini et al. 2017 and SCE: 7->1, 2->7, 3->8, 5<->6
    'mnist': {7: 1, 2: 7, 3: 8, 5: 6, 6: 5},
    # GCE (Zhang & Sabuncu 2018): boot->sneaker, sneaker->sandal, pullover->shirt, coat<->dress
    'fashion_mnist': {9: 7, 7: 5, 2: 6, 4: 3, 3: 4},
    # The map in CDR's code for the same data set: T-shirt->shirt, pullover->coat, sandal<->sneaker
    'fashion_mnist_cdr': {0: 6, 2: 4, 5: 7, 7: 5},
    # Patrini et al. 2017, DivideMix: truck->automobile, bird->airplane, cat<->dog, deer->horse
    'cifar10': {9: 1, 2: 0, 3: 5, 5: 3, 4: 7},
}

#: Superclass of each of CIFAR-100's fine classes (alphabetical order), as in the data set's own coarse labels.
CIFAR100_SUPERCLASS = (
    4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11,
    6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5,
    5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17,
    10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13,
    16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13,
)  # fmt: skip


def _cifar100_map() -> Dict[int, int]:
    """Circular i -> i+1 inside each superclass (Patrini et al. 2017)."""
    mapping = {}
    for group in range(20):
        members = [c for c, superclass in enumerate(CIFAR100_SUPERCLASS) if superclass == group]
        mapping.update(zip(members, members[1:] + members[:1]))
    return mapping


ASYMMETRIC_MAPS['cifar100'] = _cifar100_map()
# What the published codes do (Patrini et al. and those that took over their code): the blocks are five consecutive fine
# labels, which are alphabetical and not superclasses.
ASYMMETRIC_MAPS['cifar100_blocks'] = {label: label // 5 * 5 + (label + 1) % 5 for label in range(100)}


def class_number(name: Union[int, str], num_classes: int, classes: Optional[Sequence[str]] = None) -> int:
    """Number of a class that a config names.

    Args:
        name (int | str): A name in ``classes``, or a number; a number may be a string, as keys of a json file are.
        num_classes (int): K.
        classes (Sequence[str], optional): Names of the classes.

    Raises:
        ValueError: No such class; the message is the end of a sentence.
    """
    classes = classes or ()
    if name in classes:
        return list(classes).index(str(name))
    try:
        number = operator.index(int(name) if isinstance(name, str) and name.isascii() and name.isdecimal() else name)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < num_classes:
        names = f' ({", ".join(map(str, classes[:20]))}{", ..." if len(classes) > 20 else ""})' if classes else ''
        raise ValueError(f'names class {name!r}, but the data set has the classes 0..{num_classes - 1}{names}.')
    return number
