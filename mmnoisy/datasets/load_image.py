import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio

from ..registry import TRANSFORMS
from .image_reading import decode_image
from .image_scan import check_shape


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Load an image as :func:`mmnoisy.datasets.image_reading.read_image` does, upright and as a person sees it.

    Ordinary files (8 bits, no transparency) load as with upstream's ``LoadImageFromFile(imdecode_backend='pillow')``.
    Files with 16 bits or floats are scaled, which upstream loads white or black; what is transparent is laid on white;
    truncated, huge and very long images are refused before they are resized.

    Args:
        to_float32 (bool): Whether to convert the image to float32. Defaults to False.
        backend_args (dict, optional): Of the storage, see :class:`mmcv.transforms.LoadImageFromFile`.

    Raises:
        ValueError: The file cannot be read; the message says why.
    """

    def __init__(self, to_float32: bool = False, backend_args: dict = None):
        super().__init__(to_float32=to_float32, imdecode_backend='pillow', backend_args=backend_args)

    def transform(self, results: dict) -> dict:
        """Add ``img`` (H, W, 3), BGR, uint8 or float32, ``img_shape`` and ``ori_shape``."""
        if 'img' in results and 'img_path' not in results:
            return (
                results  # mmpretrain's inferencers load images themselves, and know only their own transform by name.
            )
        path = results['img_path']
        image = decode_image(fileio.get(path, backend_args=self.backend_args), str(path))
        check_shape(*image.shape[:2])
        image = image[:, :, ::-1]
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
