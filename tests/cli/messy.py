"""A messy folder of digits: what people's folders look like."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

#: Names of classes, one for each of the digits 0..: spaces, quotes, umlauts.
CLASSES = ('null', 'ein "s"', "zw'ei", 'drei und', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun')


def make_messy(root, num_classes: int = 4, per_class: int = 40, wrong: float = 0.25, seed: int = 0) -> dict:
    """Write the folder; returns ``{path: true class}`` of the readable images.

    Kinds of files: grey, RGB, RGBA, 16-bit PNG and JPEG of 32 px; one truncated, one empty and one that is a text; a
    duplicate within a class and one across classes; an empty class; a hidden folder.
    """
    root, rng, truth = Path(root), np.random.default_rng(seed), {}
    digits = load_digits()
    for number, name in enumerate(CLASSES[:num_classes]):
        rows = np.flatnonzero(digits.target == number)[:per_class]
        for i, row in enumerate(rows):
            given = name
            if rng.random() < wrong:
                given = CLASSES[rng.choice([k for k in range(num_classes) if k != number])]
            path = root / given / f"bild {number}'{i} ü.{'jpg' if i % 5 == 4 else 'png'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, digits.images[row], i % 5)
            truth[str(path)] = name
    first = root / CLASSES[0]
    whole = next(path for path in sorted(first.iterdir()) if path.suffix == '.png').read_bytes()
    (first / 'abgeschnitten.png').write_bytes(whole[: len(whole) // 2])
    (first / 'leer.png').touch()
    (first / 'kein bild.jpg').write_text('not an image')
    for name in CLASSES[:2]:
        copy = root / name / 'kopie.png'
        copy.write_bytes(whole)
        truth[str(copy)] = CLASSES[0]
    (root / 'leere klasse').mkdir()
    (root / '.ipynb_checkpoints').mkdir()
    (root / '.ipynb_checkpoints' / 'alt.png').write_bytes(whole)
    return truth


def write_image(path, digit: np.ndarray, kind: int) -> None:
    """Write an 8 x 8 digit (0..16) as an image of 32 px; ``kind`` 0..4: grey, RGB, RGBA, 16-bit, JPEG."""
    big = np.kron(digit / 16, np.ones((4, 4)))
    grey = Image.fromarray((255 * big).astype(np.uint8))
    if kind == 1:
        grey = grey.convert('RGB')
    elif kind == 2:
        grey = grey.convert('RGBA')
    elif kind == 3:
        grey = Image.fromarray((65535 * big).astype(np.uint16))
    grey.save(path)
