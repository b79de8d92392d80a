"""One image file, or its bytes, as 8-bit RGB; whatever cannot be read is refused with its name and a reason."""

import io
from functools import cache
from pathlib import Path
from typing import Optional, Tuple, Union

import numpy as np
from PIL import Image, ImageOps

# Larger ones are refused by what their header says: a file of a few kilobytes can hold gigabytes of pixels.
MAX_PIXELS = 90_000_000
# Not every format of Pillow's: to read PostScript (EPS) is to run it.
FORMATS = frozenset('AVIF BMP DIB GIF ICO JPEG JPEG2000 MPO PCX PNG PPM QOI SGI TGA TIFF WEBP'.split())


def read_image(path: Union[str, Path], at_least: Optional[int] = None) -> np.ndarray:
    """Read an image file, upright and as a person sees it.

    EXIF rotation is applied, transparency is laid on white, grey and CMYK become RGB; more than 8 bits a channel are
    scaled to 8 (see :func:`to_bytes`); of an animation the first frame is taken.

    Args:
        path (str | Path): The file.
        at_least (int, optional): Pixels a side that are enough: a large JPEG file is then decoded at a fraction of its
            size, in a fraction of the time. None reads every pixel.

    Returns:
        np.ndarray: (H, W, 3) uint8, RGB.

    Raises:
        ValueError: It does not exist, is empty, truncated, no image, or has more than :data:`MAX_PIXELS` pixels; the
            message names the file and says which of these.
    """
    return decode_image(read_file(path), str(path), at_least)


def read_file(path: Union[str, Path]) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: It does not exist, is no regular file or cannot be opened; the message names it.
    """
    path = Path(path)
    # Looked at first: to open a pipe would wait for ever.
    if not path.is_file():
        raise ValueError(f'{path}: there is no such file.')
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f'{path}: it cannot be opened ({error.strerror}).') from error


def decode_image(data: bytes, name: str, at_least: Optional[int] = None) -> np.ndarray:
    """What :func:`read_image` does, for the bytes of a file.

    Args:
        data (bytes): An encoded image.
        name (str): What messages call it.
        at_least (int, optional): As in :func:`read_image`.

    Returns:
        np.ndarray: (H, W, 3) uint8, RGB.

    Raises:
        ValueError: As in :func:`read_image`.
    """
    if not len(data):
        raise ValueError(f'{name}: the file is empty (0 bytes).')
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ValueError(f'it claims {width} x {height} pixels; at most {MAX_PIXELS:,} are read.')
            if at_least is not None:
                image.draft(None, (at_least, at_least))
            image.load()
            return _to_rgb(image)
    except Image.UnidentifiedImageError:
        raise ValueError(f'{name}: it is no image, or damaged at its start, or of a format that is not read.') from None
    except MemoryError:
        raise ValueError(f'{name}: it does not fit into memory.') from None
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error, zlib.error and others.
        raise ValueError(f'{name}: {str(error) or type(error).__name__}') from error


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Scale grey values of any type to 0..255.

    Integers are taken as of the bit depth that their largest value needs (at least 8), so that 12 bits in a 16-bit file
    are not black. Floats in [0, 1] are multiplied by 255 and those in [0, 255] are kept. What has other values is
    stretched from its least to its largest.

    Args:
        values (np.ndarray): (H, W), integers or floats.

    Returns:
        np.ndarray: (H, W) uint8.

    Raises:
        ValueError: A value is infinite or not a number.
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ValueError('some of its pixels are infinite or not a number.')
    if low < 0 or (values.dtype.kind == 'f' and high > 255):
        scale = 255 / max(high - low, 1e-12)
    elif values.dtype.kind == 'f':
        low, scale = 0, 255 if high <= 1 else 1
    else:
        low, scale = 0, 255 / (2 ** max(8, int(high).bit_length()) - 1)
    return np.rint((values.astype(np.float64) - low) * scale).astype(np.uint8)


def _to_rgb(image: Image.Image) -> np.ndarray:
    _turn_upright(image)
    if image.mode == 'F' or image.mode.startswith('I'):
        image = Image.fromarray(to_bytes(np.asarray(image)))
    if image.has_transparency_data:
        layer = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', layer.size, 'white'), layer)
    return np.array(image if image.mode == 'RGB' else image.convert('RGB'))


def _turn_upright(image: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # A damaged EXIF block says nothing about the rotation; the pixels are whole.
        pass


@cache
def _formats() -> Tuple[str, ...]:
    Image.init()
    return tuple(sorted(FORMATS & set(Image.OPEN)))
