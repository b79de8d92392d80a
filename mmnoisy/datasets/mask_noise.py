from typing import Any, List, Optional, Sequence

import numpy as np
from mmengine.dataset import Compose
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmpretrain.registry import TRANSFORMS

from ..functional.mask_noise import add_mask_noise, realised_rates
from ..registry import DATASETS
from .label_file import checksum
from .source import build_source, through_pipeline

PARTS = ('train', 'val', 'all')


@DATASETS.register_module()
class MaskNoise:
    """Any segmentation data set with noisy masks, and a noisy validation split: what LabelNoise is to classification.

    The masks are fixed before a loader exists, from ``seed`` alone: they are the same in every process, on every rank and
    after a resume, and another ``holdout`` or ``part`` does not change them. Each ``data_info`` has ``gt_mask`` (noisy),
    ``clean_mask`` where noise was added (for ``mmnoisy.evaluation`` alone), ``source_idx`` and ``sample_idx``. Masks are kept in
    memory, at a byte a pixel.

    Args:
        source (dict): Config of a data set whose samples have ``gt_mask``, (H, W) of one size, and whose ``metainfo`` names the
            classes.
        noise (Sequence[dict]): What happens to the masks, one after the other: each has ``kind`` and its options, see
            :func:`mmnoisy.functional.mask_noise.add_mask_noise`. Nothing by default.
        background (int): Class that is no object. Defaults to 0.
        seed (int): Seed of the noise and of the split. Defaults to 0.
        holdout (float): Share of the images that is set aside for validation, in [0, 1). Defaults to 0.
        part (str): ``'train'``, ``'val'`` (the held-out images) or ``'all'``. Defaults to ``'train'``.
        pipeline (Sequence[dict]): Transforms; ``dict(type='PackInputs', algorithm_keys=['gt_mask'])`` packs.
        test_mode (bool): As in mmengine's data sets. Defaults to False.

    Raises:
        ValueError: A bad noise, seed, holdout or part, an empty part, or masks of several sizes or with no classes.
        RuntimeError: The source cannot be read.
    """

    def __init__(
        self,
        source: dict,
        noise: Sequence[dict] = (),
        background: int = 0,
        seed: int = 0,
        holdout: float = 0.0,
        part: str = 'train',
        pipeline: Sequence[dict] = (),
        test_mode: bool = False,
    ):
        if part not in PARTS or not 0 <= holdout < 1 or (part == 'val' and holdout == 0):
            raise ValueError(
                f'MaskNoise: part must be one of {", ".join(PARTS)} and holdout in [0, 1), above 0 for val, not {part!r} and '
                f'{holdout!r}.'
            )
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f'MaskNoise: seed must be a non-negative integer, not {seed!r}.')
        self.source: Any = build_source(source)
        classes = self.metainfo.get('classes') or ()
        if len(classes) < 2:
            raise ValueError(f'MaskNoise: {type(self.source).__name__} names no classes in its metainfo.')
        self.noise, self.part, self.test_mode, self.num_classes = list(noise), part, test_mode, len(classes)
        self.background = background
        self.pipeline = Compose([TRANSFORMS.build(transform) for transform in pipeline])
        clean = self._read_masks()
        #: Of the true masks.
        self.checksum = checksum(clean.ravel())
        noise_rng, split_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        noisy = clean
        for step in self.noise:
            noisy = add_mask_noise(noisy, self.num_classes, noise_rng, background=background, classes=classes, **step)
        order, held = split_rng.permutation(len(clean)), int(round(holdout * len(clean)))
        #: (N,): rows in the source.
        self.source_idx = np.sort({'train': order[held:], 'val': order[:held], 'all': order}[part])
        if not len(self.source_idx):
            raise ValueError(f'MaskNoise: the part {part!r} of {len(clean)} images is empty with holdout={holdout}.')
        #: (N, H, W) uint8: as given, and the true ones where noise was added.
        self.gt_masks = noisy[self.source_idx]
        self.clean_masks: Optional[np.ndarray] = clean[self.source_idx] if self.noise else None
        if part != 'val' and self.noise and is_main_process():
            print_log(f'MaskNoise: {self.noise_summary()}', 'current')

    @property
    def metainfo(self) -> dict:
        """Meta information of the source, such as ``classes``."""
        return self.source.metainfo

    def full_init(self) -> None:
        """Nothing is left to do: the source is read in the constructor."""

    def __len__(self) -> int:
        return len(self.source_idx)

    def get_data_info(self, idx: int) -> dict:
        """Annotation of a sample: the source's, with the keys named in the class docstring."""
        idx = range(len(self))[idx]
        info = self.source.get_data_info(int(self.source_idx[idx]))
        info.update(sample_idx=idx, source_idx=int(self.source_idx[idx]), gt_mask=self.gt_masks[idx])
        if self.clean_masks is not None:
            info['clean_mask'] = self.clean_masks[idx]
        return info

    def __getitem__(self, idx: int) -> dict:
        """A sample after the pipeline.

        Raises:
            RuntimeError: The pipeline failed or gave nothing, with the file or row.
        """
        return through_pipeline(self.pipeline, self.get_data_info(idx), self.source)

    def noise_summary(self) -> Optional[dict]:
        """What noise this part has: ``kind``, ``realised_rate`` (the share of wrong pixels) and the other rates of
        :func:`mmnoisy.functional.mask_noise.realised_rates`; None without noise.
        """
        if self.clean_masks is None:
            return None
        rates = realised_rates(self.clean_masks, self.gt_masks, self.num_classes, self.background)
        kind = '+'.join(step['kind'] for step in self.noise)
        return dict(kind=kind, realised_rate=rates.pop('pixels'), num_samples=len(self), **rates)

    def _read_masks(self) -> np.ndarray:
        masks: List[np.ndarray] = [self.source.get_data_info(row)['gt_mask'] for row in range(len(self.source))]
        if len({mask.shape for mask in masks}) != 1 or masks[0].ndim != 2:
            shapes = sorted({mask.shape for mask in masks})
            raise ValueError(f'MaskNoise: masks must be (H, W), all of one size, not {shapes[:3]}.')
        return np.stack(masks).astype(np.uint8)
