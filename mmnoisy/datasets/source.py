"""What a noise wrapper needs of the data set that it wraps."""

import pickle
from typing import Iterable, Iterator, List, NamedTuple, Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from .labels import MAX_NUMBER, Labels, read_numbers
from .vocabulary import MISSING_CLASS, count_classes

#: What instance-dependent noise projects, see :func:`image_features`.
PIXELS = ('raw', 'standardised')


def build_source(cfg: dict):
    """Build and read a data set.

    Raises:
        ValueError: Not the config of a data set.
        RuntimeError: It cannot be read. The message names the data set, where it was looked for and what to do.
    """
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise ValueError(f'LabelNoise: source must be the config of a data set, a dict with `type`, not {cfg!r}.')
    try:
        source = DATASETS.build(cfg)
        source.full_init()
        return source
    except Exception as error:
        places = ', '.join(f'{key}={cfg[key]!r}' for key in ('data_root', 'data_prefix', 'ann_file') if cfg.get(key))
        # What mmengine's serialisation of an empty list ends in.
        reason = 'it is empty.' if 'need at least one array to concatenate' in str(error) else error
        message = f'Cannot read the data set {cfg.get("type")}{f" ({places})" if places else ""}: {reason}'
        cls = DATASETS.get(cfg['type']) if isinstance(cfg.get('type'), str) else None
        if hasattr(cls, 'tgz_md5'):  # CIFAR
            message += f' Get {cls.url} and extract it so that {cls.base_folder}/ lies in data_root'
            message += '.' if cfg.get('download', True) else ', or let mmpretrain fetch it with download=True.'
        raise RuntimeError(message) from error


def sample_name(source, info: dict) -> str:
    """How messages call a sample: its file, or its row where the image is in memory."""
    return str(info.get('img_path') or f'row {info["source_idx"]} of {type(source).__name__}')


def through_pipeline(pipeline, info: dict, source) -> dict:
    """A sample after the pipeline.

    Args:
        pipeline (Callable): Of the data set.
        info (dict): The sample's annotation, with ``sample_idx`` and ``source_idx``.
        source (Dataset): Where it comes from, for messages.

    Raises:
        RuntimeError: The pipeline failed or gave nothing, with the file or row. Another sample is never put in its place.
    """
    where = f'Cannot load sample {info["sample_idx"]} ({sample_name(source, info)})'
    repair = '. Repair the file, or remove it from the data set.' if 'img_path' in info else '.'
    try:
        data = pipeline(info)
    except Exception as error:
        raise RuntimeError(f'{where}: {type(error).__name__}: {error}{repair}') from error
    if data is None:
        raise RuntimeError(f'{where}: the pipeline returned nothing{repair}')
    return data


def annotations(source) -> Iterable[dict]:
    """The annotation of each row, to be read and not changed; without handing out images where that can be done."""
    known = getattr(source, 'annotations', None)
    if known is not None:
        return known
    if type(source).get_data_info is BaseDataset.get_data_info and getattr(source, 'serialize_data', False):
        return _packed_annotations(source)
    return (source.get_data_info(row) for row in range(len(source)))


def _packed_annotations(source: BaseDataset) -> Iterator[dict]:
    """What mmengine has packed into one array, a third faster than by ``get_data_info``: that copies each annotation."""
    packed, start = memoryview(source.data_bytes), 0
    for end in source.data_address.tolist():
        yield pickle.loads(packed[start:end])
        start = end


def image_paths(dataset) -> Optional[List[str]]:
    """``img_path`` of each sample, (N,); None for a data set without image files."""
    if 'img_path' not in dataset.get_data_info(0):
        return None
    source, rows = getattr(dataset, 'source', None), getattr(dataset, 'source_idx', None)
    if source is None or rows is None or len(rows) < len(source) // 10:
        return [dataset.get_data_info(row)['img_path'] for row in range(len(dataset))]
    paths = [info['img_path'] for info in annotations(source)]
    return [paths[row] for row in rows.tolist()]


class SourceRows(NamedTuple):
    """What is known of each row of a data set.

    Args:
        labels (np.ndarray): ``gt_label``, (N,) int64.
        clean (np.ndarray, optional): ``clean_label``, (N,) int64, where the data set has it.
        num_classes (int): K, from ``metainfo['classes']`` or else the largest label.
        paths (list[str | None]): ``img_path``, (N,); None where there is none.
    """

    labels: np.ndarray
    clean: Optional[np.ndarray]
    num_classes: int
    paths: List[Optional[str]]


def source_rows(source) -> SourceRows:
    """Labels and paths of a data set.

    Raises:
        ValueError: The data set is empty, or a label is missing, not an integer or not a class.
    """
    name = type(source).__name__
    if not len(source):
        raise ValueError(f'The data set {name} is empty.')
    given, clean, paths = ([], [], [])
    for info in annotations(source):
        given.append(info.get('gt_label'))
        clean.append(info.get('clean_label'))
        paths.append(info.get('img_path'))

    def numbers(values, key, limit):
        where = Labels(values, lambda row: f'Row {row} of the data set {name}: {key}')
        return read_numbers(where, limit, outside=f'It has {len(classes)} classes. {MISSING_CLASS}' if classes else '')

    classes = source.metainfo.get('classes')
    labels = numbers(given, 'gt_label', len(classes) if classes else MAX_NUMBER + 1)
    num_classes = len(classes) if classes else count_classes(labels, f'The data set {name}: gt_label')
    known = any(label is not None for label in clean)
    return SourceRows(labels, numbers(clean, 'clean_label', num_classes) if known else None, num_classes, paths)


def image_features(source, image_size: int = 32, rows: Optional[np.ndarray] = None, pixels: str = 'raw') -> np.ndarray:
    """Flattened images, which instance-dependent noise projects: (N, S) float32.

    Raw pixels are what the official generator takes: their common part decides most, so that a class has one commonest
    target. Standardised ones spread the flips of a class over more targets.

    Args:
        source (Dataset): Has ``img`` or ``img_path``.
        image_size (int): Larger images are scaled to this height and width, so S <= 3 * image_size**2.
        rows (np.ndarray, optional): (N,) which rows; all where None.
        pixels (str): ``'raw'``, as stored, or ``'standardised'``, each scaled to mean 0 and standard deviation 1 over the
            samples. Defaults to ``'raw'``.

    Raises:
        ValueError: Other ``pixels``.
        RuntimeError: An image cannot be read; the message names it.
    """
    if pixels not in PIXELS:
        raise ValueError(f'instance noise: pixels must be one of {", ".join(PIXELS)}, not {pixels!r}.')
    import cv2
    from mmpretrain.datasets import LoadImageFromFile

    load = LoadImageFromFile()
    features = None
    rows = np.arange(len(source)) if rows is None else rows
    for place, row in enumerate(rows.tolist()):
        info = dict(source.get_data_info(row), source_idx=row)
        try:
            image = np.asarray(info['img'] if 'img' in info else load(info)['img'])
            # The plain view alone: the same noise whichever views of a feature bank a method reads.
            image = image[:1] if 'bank_row' in info else image
        except Exception as error:
            raise RuntimeError(f'Cannot read {sample_name(source, info)}: {error}') from error
        if features is None:
            height, width = (min(side, image_size) for side in image.shape[:2])
            features = np.empty((len(rows), height * width * image[..., None].shape[2]), dtype=np.float32)
        if image.shape[:2] != (height, width):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        features[place] = image.reshape(-1)
    if pixels == 'raw':
        return features
    # In place: the array may be a large part of the memory.
    features -= features.mean(0, dtype=np.float64).astype(np.float32)
    variance = np.einsum('ns,ns->s', features, features, dtype=np.float64) / len(features)
    features /= (np.sqrt(variance) + 1e-6).astype(np.float32)
    return features
