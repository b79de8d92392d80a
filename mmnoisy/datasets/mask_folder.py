import io
import os
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmpretrain.datasets import BaseDataset
from PIL import Image

from ..registry import DATASETS
from .image_reading import read_file
from .listed_files import SUFFIXES, files_below

#: EXIF's tag of the rotation, and its values that exchange height and width.
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)


@DATASETS.register_module()
class MaskFolder(BaseDataset):
    """Segmentation data of your own: a folder of images and one of masks, matched by name.

    ``images/street/1.jpg`` has the mask ``masks/street/1.png``. A mask is a PNG of one channel, grey or with a palette,
    whose values are the numbers of the classes, 0 for the first of ``classes``. Masks are kept in memory, at a byte a pixel;
    images are loaded by the pipeline (``mmnoisy.LoadImage``), and where ``size`` is given have to be scaled by it
    (``Resize``) to the same size.

    Args:
        classes (Sequence[str]): Names of the classes in the order of their numbers, 2 to 255; the background is one of them.
        data_root (str): Folder that ``data_prefix`` is relative to. Defaults to ''.
        data_prefix (dict): ``img_path`` and ``mask_path``, the folders. Defaults to ``images`` and ``masks``.
        size (int | Sequence[int], optional): Masks are scaled to it, (height, width) or a side, by the nearest pixel. None
            leaves them, which then have to be of one size. Defaults to None.
        ignore_index (int): Value of a pixel without a class, no number of a class. Defaults to 255.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such folder, no image in it, or an image without a mask or a mask without an image.
        ValueError: Two images of one name; a mask that cannot be read, has several channels, a value that is no class or
            another size than its image; options out of range. The message names the file.
    """

    def __init__(
        self,
        classes: Sequence[str],
        data_root: str = '',
        data_prefix: Optional[dict] = None,
        size: Union[int, Sequence[int], None] = None,
        ignore_index: int = 255,
        **kwargs,
    ):
        if isinstance(classes, str) or not 2 <= len(classes) <= 255 or 0 <= ignore_index < len(classes):
            raise ValueError(
                f'MaskFolder: classes must be 2 to 255 names, and ignore_index none of their numbers, not {classes!r} and '
                f'{ignore_index!r}.'
            )
        sides = (size, size) if isinstance(size, int) else size
        if sides is not None and (len(sides) != 2 or min(sides) < 1):
            raise ValueError(f'MaskFolder: size must be a side or (height, width) in pixels, not {size!r}.')
        self.size, self.ignore_index = sides, ignore_index
        prefix = dict(img_path='images', mask_path='masks') if data_prefix is None else data_prefix
        # One array a mask is no smaller when it is serialised.
        kwargs.setdefault('serialize_data', False)
        metainfo = dict(kwargs.pop('metainfo', None) or {}, classes=tuple(classes))
        super().__init__(ann_file='', data_root=data_root, data_prefix=prefix, metainfo=metainfo, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict an image: ``img_path`` and ``gt_mask`` (H, W) uint8."""
        images = _by_stem(self.data_prefix['img_path'], SUFFIXES)
        masks = _by_stem(self.data_prefix['mask_path'], ('.png',))
        for stem, path in images.items():
            if stem not in masks:
                wanted = os.path.join(self.data_prefix['mask_path'], f'{stem}.png')
                raise FileNotFoundError(f'the image {path} has no mask {wanted}.')
        for stem, path in masks.items():
            if stem not in images:
                raise FileNotFoundError(f'the mask {path} has no image {stem}.* in {self.data_prefix["img_path"]}.')
        return [dict(img_path=path, gt_mask=self._mask(masks[stem], path)) for stem, path in images.items()]

    def _mask(self, path: str, image: str) -> np.ndarray:
        mask = read_mask(path)
        values = np.unique(mask)
        unknown = values[(values >= len(self.metainfo['classes'])) & (values != self.ignore_index)]
        if len(unknown):
            raise ValueError(
                f'the mask {path} has the value {unknown[0]}, which is none of the {len(self.metainfo["classes"])} classes '
                f'(0 to {len(self.metainfo["classes"]) - 1}) nor ignore_index={self.ignore_index}.'
            )
        size = _image_size(image)
        if mask.shape != size:
            raise ValueError(
                f'the mask {path} has {mask.shape[0]} x {mask.shape[1]} pixels, its image {image} has {size[0]} x {size[1]}.'
            )
        if self.size is not None and mask.shape != tuple(self.size):
            height, width = self.size
            mask = np.array(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
        return mask


def read_mask(path: Union[str, Path]) -> np.ndarray:
    """The numbers in a PNG of one channel, (H, W) uint8; of a palette the places, not the colours.

    Raises:
        ValueError: No PNG, damaged, or of several channels or more than 8 bits; the message names the file.
    """
    data = read_file(path)
    try:
        with Image.open(io.BytesIO(data), formats=('PNG',)) as mask:
            mode, values = mask.mode, np.array(mask)
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error, zlib.error and others.
        raise ValueError(f'the mask {path} cannot be read as a PNG: {error}.') from error
    if mode not in ('L', 'P', '1'):
        raise ValueError(
            f'the mask {path} is of the kind {mode}: save the numbers of the classes as a PNG of one channel with 8 bits, grey '
            'or with a palette.'
        )
    return values.astype(np.uint8)


def _by_stem(root: str, suffixes: Tuple[str, ...]) -> Dict[str, str]:
    """Paths of the files below a folder by their names without suffix, relative to it, sorted."""
    if not os.path.isdir(root):
        raise FileNotFoundError(f'there is no folder {root}.')
    found: Dict[str, str] = {}
    for name in files_below(root):
        if not name.lower().endswith(suffixes):
            continue
        stem, path = os.path.splitext(name)[0], os.path.join(root, name)
        if stem in found:
            raise ValueError(f'{found[stem]} and {path} have one name, {stem}: rename or remove one of them.')
        found[stem] = path
    if not found:
        raise FileNotFoundError(f'Found 0 files in {root} ({", ".join(suffixes)}).')
    return found


def _image_size(path: str) -> Tuple[int, int]:
    """(height, width) of an image when it is upright, from its header."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except Exception as error:
        raise ValueError(f'the image {path} cannot be read: {error}.') from error
    return (width, height) if turned else (height, width)
