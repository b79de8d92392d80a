from typing import List, Sequence

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS
from .digits import Digits


@DATASETS.register_module()
class DigitScenes(BaseDataset):
    """Scenes for segmentation, made of scikit-learn's digits: several on a grey canvas, and the class of each pixel.

    The pixels of a digit that are brighter than a quarter of the brightest are its mask: class 1 for the digit 0 and so on;
    class 0 is the background. Digits do not overlap. Scenes for training hold digits of the training images
    alone, those for testing digits of the test images.

    Args:
        split (str): ``'train'`` or ``'test'``. Defaults to ``'train'``.
        num_scenes (int): Scenes. Defaults to 300.
        size (int): Height and width of a scene in pixels, at least 12. Defaults to 32.
        digits (Sequence[int]): Fewest and most digits in a scene. Defaults to (4, 6).
        kinds (int): Digits 0 to ``kinds - 1`` occur, 1 to 10; the classes are one more. Defaults to 3.
        seed (int): Of the scenes. Defaults to 0.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ValueError: Another split, kinds out of range, or more digits than have room.
    """

    def __init__(
        self,
        split: str = 'train',
        num_scenes: int = 300,
        size: int = 32,
        digits: Sequence[int] = (4, 6),
        kinds: int = 3,
        seed: int = 0,
        **kwargs,
    ):
        room = (size // 8) ** 2
        if not 1 <= kinds <= 10:
            raise ValueError(f'DigitScenes: kinds must be in 1..10, not {kinds!r}.')
        if size < 12 or not 1 <= digits[0] <= digits[1] <= room // 2:
            raise ValueError(
                f'DigitScenes: digits={tuple(digits)} must be the fewest and the most, of at most {room // 2} that have room '
                f'in size={size}, which must be at least 12.'
            )
        digit_images = Digits(split)
        infos = (digit_images.get_data_info(i) for i in range(len(digit_images)))
        self.images = [info for info in infos if info['gt_label'] < kinds]
        self.num_scenes, self.size, self.digits, self.seed = num_scenes, size, tuple(digits), seed
        self.split = split
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(ann_file='', metainfo=dict(classes=('background', *map(str, range(kinds)))), **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a scene: ``img`` (size, size) uint8, ``gt_mask`` (size, size) uint8."""
        # RandomState's stream is frozen by numpy, default_rng's is not: the scenes must never change.
        rng = np.random.RandomState([self.seed, self.split == 'test'])
        return [self._scene(rng) for _ in range(self.num_scenes)]

    def _scene(self, rng: np.random.RandomState) -> dict:
        image = rng.randint(0, 60, (self.size, self.size)).astype(np.uint8)
        mask = np.zeros((self.size, self.size), dtype=np.uint8)
        for top, left in self._places(rng, rng.randint(self.digits[0], self.digits[1] + 1)):
            place = slice(top, top + 8), slice(left, left + 8)
            info = self.images[rng.randint(len(self.images))]
            image[place] = np.maximum(image[place], info['img'])
            mask[place][info['img'] > 60] = info['gt_label'] + 1
        return dict(img=image, gt_mask=mask)

    def _places(self, rng: np.random.RandomState, count: int) -> np.ndarray:
        """Upper left corners that are 8 pixels apart in one direction at least, (count, 2)."""
        places = np.zeros((0, 2), dtype=np.int64)
        for tries in range(1, 10**9):
            place = rng.randint(0, self.size - 7, (1, 2))
            if (abs(places - place).max(1) >= 8).all():
                places = np.concatenate([places, place])
            if len(places) == count:
                break
            # No room may be left: anew.
            if tries % 50 == 0:
                places = places[:0]
        return places
