"""What a noise wrapper needs of the data set that it wraps."""

import operator
from typing import Optional, Tuple

import numpy as np
from mmpretrain.registry import DATASETS


def build_source(cfg: dict):
    """Build and read a data set.

    Raises:
        RuntimeError: It cannot be read. The message names the data set, where it was looked for and what to do.
    """
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


def source_labels(source) -> Tuple[np.ndarray, Optional[np.ndarray], int]:
    """Labels of a data set.

    Returns:
        tuple: ``gt_label`` (N,) int64; ``clean_label`` (N,) int64, or None where the data set has none; the number of
        classes K, from ``metainfo['classes']`` or else the largest label.

    Raises:
        ValueError: The data set is empty, or a label is missing, not an integer or not a class.
    """
    name = type(source).__name__
    if not len(source):
        raise ValueError(f'The data set {name} is empty.')
    infos = (source.get_data_info(row) for row in range(len(source)))
    pairs = [(info.get('gt_label'), info.get('clean_label')) for info in infos]
    given, clean = zip(*pairs)
    labels = _integers(given, 'gt_label', name)
    num_classes = len(source.metainfo.get('classes') or range(labels.max() + 1))
    clean_labels = _integers(clean, 'clean_label', name) if any(label is not None for label in clean) else None
    for column, values in (('gt_label', labels), ('clean_label', clean_labels)):
        wrong = [] if values is None else np.flatnonzero((values < 0) | (values >= num_classes))
        if len(wrong):
            raise ValueError(
                f'Row {wrong[0]} of the data set {name} has the {column} {values[wrong[0]]}, but there '
                f'are {num_classes} classes.'
            )
    return labels, clean_labels, num_classes


def image_features(source, image_size: int = 32) -> np.ndarray:
    """Flattened images, each feature scaled to mean 0 and standard deviation 1: (N, S) float32.

    Args:
        source (Dataset): Has ``img`` or ``img_path``.
        image_size (int): Larger images are scaled to this height and width, so S <= 3 * image_size**2.

    Raises:
        RuntimeError: An image cannot be read; the message names it.
    """
    import cv2
    from mmpretrain.datasets import LoadImageFromFile

    load = LoadImageFromFile()
    features = None
    for row in range(len(source)):
        info = dict(source.get_data_info(row), source_idx=row)
        try:
            image = np.asarray(info['img'] if 'img' in info else load(info)['img'])
        except Exception as error:
            raise RuntimeError(f'Cannot read {sample_name(source, info)}: {error}') from error
        if features is None:
            height, width = (min(side, image_size) for side in image.shape[:2])
            features = np.empty((len(source), height * width * image[..., None].shape[2]), dtype=np.float32)
        if image.shape[:2] != (height, width):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        features[row] = image.reshape(-1)
    # In place: the array may be a large part of the memory.
    features -= features.mean(0, dtype=np.float64).astype(np.float32)
    variance = np.einsum('ns,ns->s', features, features, dtype=np.float64) / len(features)
    features /= (np.sqrt(variance) + 1e-6).astype(np.float32)
    return features


def _integers(values, column: str, name: str) -> np.ndarray:
    labels = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        try:
            labels[row] = operator.index(value)
        except TypeError:
            raise ValueError(
                f'Row {row} of the data set {name} has the {column} {value!r}; one integer class per sample is needed.'
            ) from None
    return labels
