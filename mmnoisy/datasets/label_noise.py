from typing import List, Optional, Sequence

import numpy as np
from mmengine.dataset import Compose
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS
from mmpretrain.registry import TRANSFORMS

from ..registry import DATASETS
from . import noise as noise_models
from .batched_fetch import fetch, is_plain_packing, stack_images
from .label_file import load_labels, save_labels

PARTS = ('train', 'val', 'all')


@DATASETS.register_module()
class LabelNoise:
    """Any data set with noisy labels, an index that survives splitting, and a noisy validation split.

    The labels are fixed before a loader exists, from ``seed`` or a file alone: they are the same in every process, on
    every rank and after a resume. Each ``data_info`` has ``gt_label`` (noisy), ``clean_label`` where it is known (for
    ``mmnoisy.evaluation`` alone), ``source_idx`` (row in the source) and ``sample_idx`` (row in this data set).

    Args:
        source (dict): Config of a data set with ``gt_label``.
        noise (dict, optional): ``kind`` and its options (``rate``, ``exact``, ``inclusive``, ``mapping``, ``matrix``,
            ``std``; ``path`` and ``key`` for ``label_file``), see :mod:`mmnoisy.datasets.noise`. None: the source's
            labels are the observed ones and the true ones are unknown. Defaults to None.
        seed (int): Seed of the noise and of the split. Defaults to 0.
        holdout (float): Share of each noisy class that is set aside for validation, in [0, 1). Defaults to 0.
        part (str): ``'train'`` (without the held-out rows), ``'val'`` (the held-out rows) or ``'all'``.
            Defaults to ``'train'``.
        pipeline (Sequence[dict], optional): Transforms; the source's own where None.
        save_to (str, optional): Write the labels of all rows to this .json, .npy or .csv file.
        test_mode (bool): As in mmengine's data sets. Defaults to False.
        batched (bool): Fetch whole batches where the pipeline only packs and the images are uint8 arrays of one size
            in memory: the same samples, without a pipeline call for each. They are kept in memory once more, as
            one tensor. Defaults to True.

    Raises:
        ValueError: A bad noise config, holdout or part, or an empty part; the message names the option.
    """

    def __init__(self,
                 source: dict,
                 noise: Optional[dict] = None,
                 seed: int = 0,
                 holdout: float = 0.0,
                 part: str = 'train',
                 pipeline: Optional[Sequence[dict]] = None,
                 save_to: Optional[str] = None,
                 test_mode: bool = False,
                 batched: bool = True):
        if part not in PARTS:
            raise ValueError(f'LabelNoise: part must be one of {", ".join(PARTS)}, not {part!r}.')
        if not 0 <= holdout < 1:
            raise ValueError(f'LabelNoise: holdout must be in [0, 1), not {holdout!r}.')
        if part == 'val' and holdout == 0:
            raise ValueError("LabelNoise: part='val' needs holdout > 0.")
        self.source = MMPRETRAIN_DATASETS.build(source)
        self.source.full_init()
        self.noise = dict(noise) if noise else None
        self.seed, self.holdout, self.part, self.test_mode = seed, holdout, part, test_mode
        self.pipeline = self.source.pipeline if pipeline is None else self._compose(pipeline)
        # A dict, so that views of this data set with other pipelines share the images.
        self._stacked = dict() if batched else dict(images=None)

        original = np.asarray([self.source.get_data_info(i)['gt_label'] for i in range(len(self.source))], dtype=np.int64)
        if not len(original):
            raise ValueError(f'LabelNoise: the source data set {type(self.source).__name__} is empty.')
        self.num_classes = len(self.metainfo.get('classes') or range(original.max() + 1))
        # Two independent streams: another split must not change the noise.
        noise_rng, split_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        noisy = self._noisy_labels(original, noise_rng)
        rows = self._split(noisy, split_rng)
        if not len(rows):
            raise ValueError(f'LabelNoise: the part {part!r} is empty with holdout={holdout}.')
        self.source_idx = rows
        self.gt_labels = noisy[rows]
        self.clean_labels = original[rows] if self.noise else None
        if save_to is not None:
            self._save(save_to, noisy, original)
        if part != 'val':
            self._log(original, noisy)

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
        info.update(sample_idx=idx, source_idx=int(self.source_idx[idx]), gt_label=int(self.gt_labels[idx]))
        if self.clean_labels is not None:
            info['clean_label'] = int(self.clean_labels[idx])
        return info

    def get_gt_labels(self) -> np.ndarray:
        """Observed labels, (N,)."""
        return self.gt_labels

    def get_cat_ids(self, idx: int) -> List[int]:
        """Observed label as a list, for mmengine's dataset wrappers."""
        return [int(self.gt_labels[idx])]

    def __getitem__(self, idx: int) -> dict:
        """A sample after the pipeline.

        Raises:
            RuntimeError: The pipeline failed or gave nothing, with the file or row. Another sample is never put in
                its place.
        """
        info = self.get_data_info(idx)
        name = info.get('img_path', f'row {info["source_idx"]} of {type(self.source).__name__}')
        try:
            data = self.pipeline(info)
        except Exception as error:
            raise RuntimeError(f'Cannot load sample {idx} ({name}): {type(error).__name__}: {error}. Repair or remove the '
                               'file.') from error
        if data is None:
            raise RuntimeError(f'Cannot load sample {idx} ({name}): the pipeline returned nothing. Repair or remove the file.')
        return data

    def __getitems__(self, indices: Sequence[int]) -> List[dict]:
        """The samples of a batch, as :meth:`__getitem__` gives them; torch's loader calls this."""
        if is_plain_packing(self.pipeline):
            if 'images' not in self._stacked:
                self._stacked['images'] = stack_images(self)
            if self._stacked['images'] is not None:
                return fetch(self._stacked['images'], self.gt_labels, indices)
        return [self[index] for index in indices]

    def noise_summary(self) -> Optional[dict]:
        """What noise this part has.

        Returns:
            dict | None: ``kind``, ``requested_rate`` (None for a file or a matrix), ``realised_rate``, ``num_samples``,
            ``num_classes``. ``realised_rate`` is None where the true labels are unknown.
        """
        summary = dict(kind=self.noise['kind'] if self.noise else None, requested_rate=(self.noise or {}).get('rate'))
        realised = None if self.clean_labels is None else float((self.gt_labels != self.clean_labels).mean())
        return dict(summary, realised_rate=realised, num_samples=len(self), num_classes=self.num_classes)

    def _noisy_labels(self, original: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self.noise is None:
            return original
        options = dict(self.noise)
        kind = options.pop('kind', None)
        if kind == 'label_file':
            if 'path' not in options:
                raise ValueError("noise: kind 'label_file' needs the option 'path'.")
            path, key = options.pop('path'), options.pop('key', None)
            if options:
                raise ValueError(f"noise: kind 'label_file' has no option {', '.join(map(repr, sorted(options)))}.")
            return load_labels(path, original, self.num_classes, key)
        return noise_models.add_noise(original, self.num_classes, rng, kind, features=self._features, **options)

    def _features(self) -> np.ndarray:
        """Flattened images, at most 32x32, each feature scaled to mean 0 and standard deviation 1: (N, S) float32."""
        import cv2
        from mmpretrain.datasets import LoadImageFromFile
        load = LoadImageFromFile()
        features = []
        for i in range(len(self.source)):
            info = self.source.get_data_info(i)
            image = np.asarray(info['img'] if 'img' in info else load(info)['img'])
            if max(image.shape[:2]) > 32:
                image = cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA)
            features.append(image.reshape(-1).astype(np.float32))
        features = np.stack(features)
        return (features - features.mean(0)) / (features.std(0) + 1e-6)

    def _split(self, noisy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of this part, ascending; the held-out share is taken from each noisy class."""
        if self.holdout == 0 or self.part == 'all':
            return np.arange(len(noisy))
        held_out = np.zeros(len(noisy), dtype=bool)
        for label in range(self.num_classes):
            members = rng.permutation(np.flatnonzero(noisy == label))
            held_out[members[:int(round(self.holdout * len(members)))]] = True
        return np.flatnonzero(held_out if self.part == 'val' else ~held_out)

    def _save(self, path, noisy, original):
        from mmengine.dist import is_main_process
        if is_main_process():
            save_labels(path, noisy, original, seed=self.seed, **self._noise_info())

    def _noise_info(self) -> dict:
        """The noise config with only what json can hold."""
        return {key: np.asarray(value).tolist() if key == 'matrix' else value for key, value in (self.noise or {}).items()}

    def _log(self, original, noisy):
        if self.noise is None:
            print_log(f'LabelNoise: {len(self)} samples, labels as given, true labels unknown.', logger='current')
            return
        matrix = noise_models.transition_matrix(original, noisy, self.num_classes)
        text = f'LabelNoise: {self._noise_info()}, seed {self.seed}: {(original != noisy).mean():.4f} of {len(noisy)} labels are wrong'
        if self.num_classes <= 20:
            text += '; realised T =\n' + np.array2string(matrix, precision=3, suppress_small=True, max_line_width=200)
        print_log(text, logger='current')

    @staticmethod
    def _compose(pipeline):
        return Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline])
