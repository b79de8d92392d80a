"""Small pictures of image files, as text that a page can hold."""

import base64
import io
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterable, Optional, Tuple

from PIL import Image

#: Images up to this many pixels a side are kept exactly.
SMALL = 40


def thumbnail(path, size: int = 96) -> bytes:
    """A WebP picture of an image file, upright, at most ``size`` pixels a side; smaller images keep their size.

    Raises:
        ValueError: Not an image, or a broken one.
    """
    from ..datasets.image_reading import read_image

    picture = Image.fromarray(read_image(path, at_least=2 * size))
    picture.thumbnail((size, size), reducing_gap=2)
    buffer = io.BytesIO()
    picture.save(buffer, 'WEBP', lossless=max(picture.size) <= SMALL, quality=80)
    return buffer.getvalue()


def read_thumbnails(
    paths: Iterable[str], size: int = 96, workers: Optional[int] = None
) -> Tuple[Dict[str, str], Dict[str, str]]:
    """Pictures of many image files, read side by side.

    Args:
        paths (Iterable[str]): Image files.
        size (int): Pixels of the longer side, at most. Defaults to 96.
        workers (int, optional): Threads. Defaults to the number of cores.

    Returns:
        tuple[dict, dict]: path -> base64 text of a WebP file, and path -> why there is none.
    """
    paths = list(dict.fromkeys(paths))

    def one(path):
        try:
            return base64.b64encode(thumbnail(path, size)).decode(), None
        except ValueError as error:
            return None, str(error).removeprefix(f'{path}: ')

    with warnings.catch_warnings(), ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        warnings.simplefilter('ignore')  # Of odd metadata, and of images that are large, but not too large.
        found = list(zip(paths, pool.map(one, paths)))
    pictures = {path: picture for path, (picture, _) in found if picture is not None}
    return pictures, {path: reason for path, (_, reason) in found if reason is not None}
