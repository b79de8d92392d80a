import logging
from numbers import Real
from typing import Any, List, Optional, Sequence

import numpy as np
from mmengine.dataset import Compose
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmpretrain.registry import TRANSFORMS

from ..functional.noise import add_noise, noise_problems
from ..functional.transition import transition_matrix
from ..registry import DATASETS
from .batched_fetch import fetch, is_plain_packing, stack_images
from .identity import CONFLICTS, first_rows, merge_repeats
from .label_file import check_suffix, checksum, load_labels, save_labels
from .row_selection import check_options, kept_rows, long_tailed_rows, threshold_mask, trusted_labels
from .source import build_source, image_features, sample_name, source_rows, through_pipeline

PARTS = ('train', 'val', 'all')


@DATASETS.register_module()
class LabelNoise:
    """Any data set with noisy labels, an index that survives splitting, and a noisy validation split.

    The labels are fixed before a loader exists, from ``seed`` or a file alone: they are the same in every process, on
    every rank and after a resume, and another ``holdout`` or ``part`` does not change them. Each ``data_info`` has
    ``gt_label`` (noisy), ``clean_label`` where it is known (for ``mmnoisy.evaluation`` alone), ``source_idx`` (row in
    the source) and ``sample_idx`` (row in this data set). The true labels are the source's own ``clean_label`` where it
    has them, else its ``gt_label`` where ``noise`` is given, else unknown.

    One image is one row: where the source has an image more than once (a file that is listed twice, ``RepeatDataset``,
    ``ClassBalancedDataset``), the first of its rows is taken, and a warning says how many were left out. To repeat or
    to oversample, put the wrapper around LabelNoise. See :mod:`mmnoisy.datasets.identity`.

    Args:
        source (dict): Config of a data set with ``gt_label``; also a wrapper such as ``ConcatDataset``.
        noise (dict, optional): ``kind`` and its options (``rate``, ``exact``, ``inclusive``, ``mapping``, ``matrix``,
            ``std``; ``image_size`` and ``pixels`` for ``instance``, see :func:`mmnoisy.datasets.source.image_features`; ``path`` and
            ``key`` for ``label_file``), see :mod:`mmnoisy.functional.noise`. None: the source's labels are the observed
            ones. Defaults to None.
        seed (int): Seed of the noise and of the split. Defaults to 0.
        holdout (float): Share of each noisy class that is set aside for validation, in [0, 1). Defaults to 0.
        fold (int): Which share is set aside, of the disjoint ones that the same ``seed`` gives, from 0. Defaults to 0.
        part (str): ``'train'`` (without the held-out rows), ``'val'`` (the held-out rows) or ``'all'``.
            Defaults to ``'train'``.
        pipeline (Sequence[dict], optional): Transforms; the source's own where None.
        trusted (dict, optional): Samples of this part whose label somebody checked; ``trusted_idx`` lists them. Either
            ``dict(path='trusted.csv')`` with the columns ``source_idx,label``, whose labels replace the given ones, or
            ``dict(per_class=10)``: that many of each class, drawn with ``seed`` and given their true label, where it is
            known. Defaults to None.
        save_to (str, optional): Write the labels of all rows to this .json, .npy or .csv file.
        keep (str, optional): A ``samples.csv``: rows that it flags are left out. Not for ``part='val'``.
        threshold_samples (dict, optional): ``dict(index=0)``: N // (K + 1) random samples get the extra class K, for
            :class:`mmnoisy.engine.AUMHook`; another index, in 0..K, gives a disjoint set. Not for ``part='val'``.
        long_tail (dict, optional): ``dict(ratio=20)``: before noise is drawn, a random part of the samples is left out, so
            that class 0 is ``ratio`` times as large as the last one, and those between fall geometrically. By the true
            labels, which must be known. Defaults to None.
        test_mode (bool): As in mmengine's data sets. Defaults to False.
        batched (bool): Fetch whole batches where the pipeline only packs and the images are arrays of one size and type
            in memory, uint8 or floats (features): the same samples, without a pipeline call for each. They are kept in
            memory once more, as one tensor. Defaults to True.
        conflicts (str): What becomes of an image that the source has more than once with different labels:
            ``'refuse'`` all, with a list of them, or ``'drop'`` the image. Defaults to ``'refuse'``.

    Raises:
        ValueError: A bad noise config, seed, holdout or part, an empty part, or images with two labels; the message
            names the option.
        RuntimeError: The source cannot be read; the message says why and where it was looked for.
    """

    source: Any
    noise: Optional[dict]
    holdout: float
    fold: int
    part: str
    pipeline: Any
    num_classes: int
    #: (N,): rows in the source; labels as given, and with those of threshold samples; true ones where they are known.
    source_idx: np.ndarray
    given_labels: np.ndarray
    gt_labels: np.ndarray
    clean_labels: Optional[np.ndarray]
    _stacked: dict

    def __init__(
        self,
        source: dict,
        noise: Optional[dict] = None,
        seed: int = 0,
        holdout: float = 0.0,
        part: str = 'train',
        pipeline: Optional[Sequence[dict]] = None,
        trusted: Optional[dict] = None,
        save_to: Optional[str] = None,
        keep: Optional[str] = None,
        threshold_samples: Optional[dict] = None,
        test_mode: bool = False,
        batched: bool = True,
        conflicts: str = 'refuse',
        fold: int = 0,
        long_tail: Optional[dict] = None,
    ):
        if part not in PARTS:
            raise ValueError(f'LabelNoise: part must be one of {", ".join(PARTS)}, not {part!r}.')
        if isinstance(holdout, bool) or not isinstance(holdout, Real) or not 0 <= holdout < 1:
            raise ValueError(f'LabelNoise: holdout must be a number in [0, 1), not {holdout!r}.')
        if isinstance(fold, bool) or not isinstance(fold, int) or fold < 0 or fold and (fold + 1) * holdout > 1 + 1e-9:
            raise ValueError(
                'LabelNoise: fold must be a whole number from 0, with (fold + 1) * holdout at most 1, not '
                f'{fold!r} with holdout={holdout}.'
            )
        if fold and not holdout:
            raise ValueError('LabelNoise: fold needs holdout > 0.')
        if part == 'val' and holdout == 0:
            raise ValueError("LabelNoise: part='val' needs holdout > 0.")
        if part == 'val' and any(option is not None for option in (keep, threshold_samples, trusted)):
            raise ValueError(
                "LabelNoise: keep, threshold_samples and trusted are for the training data, not for part='val'."
            )
        # None would draw another seed in each process.
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f'LabelNoise: seed must be a non-negative integer, not {seed!r}.')
        self._check_options(noise, trusted, threshold_samples, conflicts, save_to, long_tail)
        self.source = build_source(source)
        self.noise = None if noise is None else dict(noise)
        self.seed, self.holdout, self.fold, self.part, self.test_mode = seed, holdout, fold, part, test_mode
        self.pipeline = self._pipeline(pipeline)
        # A dict, so that views of this data set with other pipelines share the images.
        self._stacked = dict() if batched else dict(images=None)

        original, clean, self.num_classes, paths = source_rows(self.source)
        self.checksum = checksum(original)
        first = first_rows(self.source, paths)
        images = merge_repeats(first, original, clean, self._name, conflicts, self.metainfo.get('classes'))
        # Independent streams: another split, threshold set or trusted set must not change the noise.
        noise_rng, split_rng, threshold_rng, trusted_rng, tail_rng = (
            np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)
        )
        repeated = len(original) - len(images)
        if long_tail is not None:
            true = original if clean is None and self.noise else clean
            images = long_tailed_rows(
                images, None if true is None else true[images], self.num_classes, tail_rng, **long_tail
            )
        noisy = self._noisy_labels(original, first, images, noise_rng)
        if clean is None and self.noise:
            clean = original
        rows = images[self._split(noisy[images], split_rng)]
        if not len(rows):
            raise ValueError(f'LabelNoise: the part {part!r} of {len(images)} samples is empty with holdout={holdout}.')
        if keep is not None:
            rows = kept_rows(keep, rows, noisy[rows], self.checksum)
        self.source_idx = rows
        self.trusted_idx = np.empty(0, dtype=np.int64)
        if trusted is not None:
            self.trusted_idx, labels = trusted_labels(
                rows,
                clean,
                len(original),
                self.num_classes,
                trusted_rng,
                classes=self.metainfo.get('classes'),
                first=first,
                **trusted,
            )
            noisy = noisy.copy()
            noisy[rows[self.trusted_idx]] = labels
            noisy = noisy[first]
        self.given_labels = self.gt_labels = noisy[rows]
        self.threshold_mask = None
        if threshold_samples is not None:
            self.threshold_mask = threshold_mask(
                self.given_labels, self.num_classes, threshold_rng, **threshold_samples
            )
            self.gt_labels = np.where(self.threshold_mask, self.num_classes, self.given_labels)
        self.clean_labels = None if clean is None else clean[rows]
        if save_to is not None:
            self._save(save_to, noisy, original)
        if part != 'val':
            self._log(None if clean is None else clean[images], noisy[images], len(original), repeated)

    #: Read by :func:`mmnoisy.datasets.identity.check_sample_index`.
    one_row_per_image = True

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
        return through_pipeline(self.pipeline, self.get_data_info(idx), self.source)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[dict]:
        """The samples of a batch, as :meth:`__getitem__` gives them; torch's loader calls this.

        Any collate function takes them; :func:`collate_batch` need not stack them.
        """
        if is_plain_packing(self.pipeline):
            if 'images' not in self._stacked:
                self._stacked['images'] = stack_images(self)
            if self._stacked['images'] is not None:
                images, paths = self._stacked['images']
                return fetch(images, self.gt_labels, indices, paths)
        return [self[index] for index in indices]

    def noise_summary(self) -> Optional[dict]:
        """What noise this part has.

        Returns:
            dict | None: ``kind``, ``requested_rate`` (None for a file or a matrix), ``realised_rate``, ``num_samples``,
            ``num_classes``. ``realised_rate`` is None where the true labels are unknown.
        """
        summary = dict(kind=self.noise['kind'] if self.noise else None, requested_rate=(self.noise or {}).get('rate'))
        realised = None if self.clean_labels is None else float((self.given_labels != self.clean_labels).mean())
        return dict(summary, realised_rate=realised, num_samples=len(self), num_classes=self.num_classes)

    @staticmethod
    def option_problems(options: dict) -> List[str]:
        """What is wrong within the options, before anything is read; see :func:`mmnoisy.part_options.part_problems`."""
        noise = options.get('noise')
        return [f'noise: {problem}' for problem in noise_problems(noise)] if isinstance(noise, dict) and noise else []

    @staticmethod
    def _check_options(noise, trusted, threshold_samples, conflicts, save_to, long_tail):
        if noise is not None and not (isinstance(noise, dict) and noise):
            raise ValueError(f"LabelNoise: noise must be a dict such as dict(kind='symmetric', rate=0.4), or None for the "
                             f'labels as they are, not {noise!r}.')  # fmt: skip
        if noise is not None and noise_problems(noise):
            raise ValueError(f'noise: {" ".join(noise_problems(noise))}')
        if trusted is not None:
            check_options('trusted', trusted, ('path', 'per_class'))
        if threshold_samples is not None:
            check_options('threshold_samples', threshold_samples, ('index',))
        if long_tail is not None:
            check_options('long_tail', long_tail, ('ratio',))
        if conflicts not in CONFLICTS:
            raise ValueError(f'LabelNoise: conflicts must be one of {", ".join(CONFLICTS)}, not {conflicts!r}.')
        if save_to is not None:
            check_suffix(save_to)

    def _name(self, row: int) -> str:
        return sample_name(self.source, dict(self.source.get_data_info(int(row)), source_idx=row))

    def _noisy_labels(
        self, original: np.ndarray, first: np.ndarray, images: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Labels of all rows, (N,): drawn once for each image."""
        if self.noise is None:
            return original
        options = dict(self.noise)
        kind = options.pop('kind', None)
        if kind == 'label_file':
            return self._labels_of_file(original, first, images, **options)
        looks = {name: options.pop(name) for name in ('image_size', 'pixels') if kind == 'instance' and name in options}
        noisy = original.copy()
        noisy[images] = add_noise(
            original[images],
            self.num_classes,
            rng,
            kind,
            features=lambda: image_features(self.source, rows=images, **looks),
            classes=self.metainfo.get('classes'),
            **options,
        )
        return noisy[first]

    def _labels_of_file(self, original, first, images, path, key=None) -> np.ndarray:
        noisy = load_labels(path, original, self.num_classes, key, self.metainfo.get('classes'))
        other = np.flatnonzero((noisy != noisy[first]) & np.isin(first, images))
        if len(other):
            raise ValueError(
                f'label file {path}: rows {first[other[0]]} and {other[0]} are the same image, '
                f'{self._name(other[0])}, but have different labels ({len(other)} such rows).'
            )
        return noisy

    def _split(self, noisy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Rows of this part, ascending; the held-out share is taken from each noisy class."""
        if self.holdout == 0 or self.part == 'all':
            return np.arange(len(noisy))
        held_out = np.zeros(len(noisy), dtype=bool)
        for label in range(self.num_classes):
            members = rng.permutation(np.flatnonzero(noisy == label))
            first, end = (int(round(fold * self.holdout * len(members))) for fold in (self.fold, self.fold + 1))
            held_out[members[first:end]] = True
        return np.flatnonzero(held_out if self.part == 'val' else ~held_out)

    def _save(self, path, noisy, original):
        if is_main_process():
            save_labels(path, noisy, original, seed=self.seed, **self._noise_info())

    def _noise_info(self) -> dict:
        """The noise config with only what json can hold."""
        return {
            key: np.asarray(value).tolist() if key == 'matrix' else value for key, value in (self.noise or {}).items()
        }

    def _log(self, clean, noisy, num_rows, repeated):
        """Say once, for all images, what the labels are."""
        if repeated:
            print_log(
                f'LabelNoise: the {num_rows} rows of the source are {num_rows - repeated} images; each is taken once. To repeat or '
                'to oversample, put RepeatDataset or ClassBalancedDataset around LabelNoise.',
                logger='current',
                level=logging.WARNING,
            )
        text = f'LabelNoise: {self._noise_info() or "labels as given"}, seed {self.seed}, {len(noisy)} samples'
        if clean is None:
            text += ', true labels unknown'
        else:
            text += f': {(clean != noisy).mean():.4f} of the labels are wrong'
            if self.num_classes <= 20:
                matrix = transition_matrix(clean, noisy, self.num_classes)
                text += '; realised T =\n' + np.array2string(
                    matrix, precision=3, suppress_small=True, max_line_width=200
                )
        print_log(text, logger='current')
        absent = np.setdiff1d(np.arange(self.num_classes), self.gt_labels)
        if len(absent):
            print_log(
                f'LabelNoise: no sample of the part {self.part!r} is labelled as class {", ".join(map(str, absent))}.',
                logger='current',
                level=logging.WARNING,
            )

    def _pipeline(self, pipeline):
        if pipeline is not None:
            return Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline])
        if not hasattr(self.source, 'pipeline'):
            raise ValueError(f'LabelNoise: set `pipeline`, since the source {type(self.source).__name__} has none.')
        return self.source.pipeline
