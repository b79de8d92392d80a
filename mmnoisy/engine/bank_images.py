"""Where the images of a feature bank come from, how one is recognised again, and its views."""

import hashlib
import math
import os
from typing import List, Optional, Sequence, Tuple

import numpy as np
from PIL import Image, ImageOps

from ..datasets.image_reading import decode_image, read_file

#: Part of what a bank is recognised by: to be changed with what :func:`image_view` does.
TRANSFORMS = 'jpeg at twice the size; fit, bicubic; crop .4-1, flip'


def digest(data: bytes) -> int:
    """Fingerprint of some bytes as a signed 64-bit integer."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), 'little', signed=True)


class FileImages:
    """Image files, recognised by size and time of change, and where the latter changed alone by their content."""

    def __init__(self, paths: Sequence):
        self.names: List[str] = [str(path) for path in paths]

    def stamps(self) -> np.ndarray:
        """Size in bytes and time of the last change of each file, (N, 2) int64; -1 where there is none."""
        stamps = np.full((len(self.names), 2), -1, dtype=np.int64)
        for row, name in enumerate(self.names):
            try:
                stat = os.stat(name)
                stamps[row] = stat.st_size, stat.st_mtime_ns
            except OSError:
                continue
        return stamps

    def digest(self, row: int) -> int:
        """Fingerprint of a file's content.

        Raises:
            ValueError: It cannot be opened.
        """
        return digest(read_file(self.names[row]))

    def read(self, row: int, at_least: Optional[int] = None) -> Tuple[np.ndarray, int]:
        """Image (H, W, 3) uint8, of ``at_least`` pixels at least or as it is, and the fingerprint of the file.

        Raises:
            ValueError: It cannot be read.
        """
        data = read_file(self.names[row])
        return decode_image(data, self.names[row], at_least), digest(data)


class DatasetImages:
    """Images of a data set: its files, or arrays in memory, which are recognised by their content."""

    def __init__(self, dataset):
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
        self.dataset = dataset
        name = getattr(dataset, 'image_name', lambda row: f'{type(dataset).__name__}#{row}')
        self.names: List[str] = [name(row) for row in range(len(dataset))]

    def stamps(self) -> np.ndarray:
        """Fingerprint of each image, and 0: (N, 2) int64."""
        return np.array([(self._digest_or_bad(row), 0) for row in range(len(self.names))], dtype=np.int64)

    def digest(self, row: int) -> int:
        return digest(np.ascontiguousarray(self._image(row)).tobytes())

    def read(self, row: int, at_least: Optional[int] = None) -> Tuple[np.ndarray, int]:
        """Image (H, W, 3) uint8 and its fingerprint.

        Raises:
            ValueError: It is none.
        """
        image = np.asarray(self._image(row))
        if image.ndim == 2:
            image = image[..., None]
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
            raise ValueError(f'{self.names[row]}: it is no image of 8 bits but {image.dtype} of shape {image.shape}.')
        return np.broadcast_to(image, (*image.shape[:2], 3)), self.digest(row)

    def _digest_or_bad(self, row: int) -> int:
        try:
            return self.digest(row)
        except ValueError:
            return -1

    def _image(self, row: int) -> np.ndarray:
        return self.dataset.get_data_info(row)['img']


def as_images(source):
    """Images of a list of paths, or of a data set.

    Raises:
        ValueError: The list is empty.
    """
    if not len(source):
        raise ValueError('A feature bank of no images cannot be made: the list is empty.')
    if not hasattr(source, 'get_data_info'):
        return FileImages(source)
    first = source.get_data_info(0)
    if 'img' in first:
        return DatasetImages(source)
    return FileImages([source.get_data_info(row)['img_path'] for row in range(len(source))])


def image_view(image: np.ndarray, size: int, number: int, seed: Optional[int] = None) -> np.ndarray:
    """One view of an image, (size, size, 3) uint8.

    View 0 is the middle square, scaled. The others are random crops of 40 to 100 % of the area, mirrored half of the
    time, which depend on ``number`` and ``seed`` alone.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        size (int): Pixels.
        number (int): >= 0.
        seed (int, optional): Fingerprint of the image; not needed for view 0.
    """
    picture = Image.fromarray(np.ascontiguousarray(image))
    if number == 0:
        return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC))
    rng = np.random.default_rng([number, seed % 2**63])
    area, ratio = rng.uniform(0.4, 1), math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    width, height = picture.size
    wide = min(width, math.sqrt(area * width * height * ratio))
    high = min(height, math.sqrt(area * width * height / ratio))
    left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
    box = (left, top, left + wide, top + high)
    view = np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC, box=box))
    return view[:, ::-1] if rng.random() < 0.5 else view
