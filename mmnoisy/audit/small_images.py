"""The images of a data set, scaled to one small size and kept as an array: what small networks are trained on."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

import cv2
import numpy as np

from ..datasets.image_reading import read_image
from .cache import cached, fingerprint

#: Height and width at most; smaller images are not enlarged.
LARGEST, SMALLEST = 32, 8
#: Images of a part, which is kept as soon as it is read.
_PART = 1000


class SmallImages(NamedTuple):
    """Small images of N files.

    Args:
        file (str): ``.npy`` of the readable ones, (M, S, S, 3) uint8, RGB.
        readable (np.ndarray): (N,) bool, M of them.
        problems (list[tuple]): ``(path, reason)`` of the others.
    """

    file: str
    readable: np.ndarray
    problems: List[Tuple[str, str]]

    def of(self, chosen: np.ndarray) -> np.ndarray:
        """The images of some of the readable files: (N,) bool -> (L, S, S, 3), memory-mapped where those are all."""
        images = np.load(self.file, mmap_mode='r', allow_pickle=False)
        part = chosen[self.readable]
        return images if part.all() else images[part]


def copies_of_images(images: np.ndarray) -> dict:
    """Which small images are equal: ``duplicate_of`` (N,), the first one's row or -1, and ``near_duplicates``, the pairs."""
    flat = np.ascontiguousarray(images).reshape(len(images), -1)
    rows = flat.view(np.dtype((np.void, flat.shape[1])))[:, 0]
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    first = first[inverse]
    copies = np.where(first == np.arange(len(first)), -1, first)
    return dict(
        duplicate_of=copies, near_duplicates=[(int(copies[row]), int(row), 1.0) for row in np.flatnonzero(copies >= 0)]
    )


def small_images(paths: Sequence[str], folder, workers: Optional[int] = None) -> SmallImages:
    """Read and scale images; parts that were read before are not read again unless a file in them changed.

    Args:
        paths (Sequence[str]): N files.
        folder (str | Path): Where parts and the array are kept.
        workers (int, optional): Threads; one a processor where None.

    Raises:
        ValueError: No image can be read.
    """
    folder = Path(folder)
    stamps = [_stamp(path) for path in paths]
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        size = _common_size(pool.map(_read, paths[:: max(1, len(paths) // 50)]))
        parts = []
        for start in range(0, len(paths), _PART):
            chosen = slice(start, start + _PART)
            key = fingerprint(size, list(paths[chosen]), stamps[chosen])
            found = cached(folder / f'part-{start // _PART}.npz', key, partial(_part, pool, paths[chosen], size))
            parts.append(found)
    reasons = np.concatenate([part['reasons'] for part in parts])
    readable = reasons == ''
    if not readable.any():
        raise ValueError(f'None of the {len(paths)} images can be read; the first: {paths[0]}: {reasons[0]}')
    file = folder / 'images.npy'
    images = np.concatenate([part['images'] for part in parts])
    with file.with_suffix('.part').open('wb') as out:
        np.save(out, images)
    os.replace(file.with_suffix('.part'), file)
    problems = [(str(paths[row]), str(reasons[row])) for row in np.flatnonzero(~readable).tolist()]
    return SmallImages(str(file), readable, problems)


def _part(pool, paths, size) -> dict:
    images, reasons = [], []
    for result in pool.map(_read, paths):
        if isinstance(result, str):
            reasons.append(result)
        else:
            reasons.append('')
            images.append(cv2.resize(result, (size, size), interpolation=cv2.INTER_AREA))
    return dict(images=np.array(images, np.uint8).reshape(-1, size, size, 3), reasons=np.array(reasons, dtype=str))


def _read(path: str) -> Union[np.ndarray, str]:
    """The image, or why it cannot be read."""
    try:
        return read_image(path)
    except Exception as error:  # Whatever it is, the other images are read.
        return str(error).removeprefix(f'{path}: ') or type(error).__name__


def _common_size(images) -> int:
    """Median of the shorter sides, between :data:`SMALLEST` and :data:`LARGEST`."""
    sides = [min(image.shape[:2]) for image in images if not isinstance(image, str)]
    return int(np.clip(np.median(sides), SMALLEST, LARGEST)) if sides else LARGEST


def _stamp(path: str) -> list:
    try:
        found = os.stat(path)
    except OSError:
        return [-1, -1]
    return [found.st_size, found.st_mtime_ns]
