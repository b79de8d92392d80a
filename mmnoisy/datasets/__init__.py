"""Data sets, transforms and samplers; each is imported when it is asked for, so that reading a list needs no torch."""

from importlib import import_module

_MODULES = {
    'Animal10N': 'animal10n',
    'CSVDataset': 'csv_dataset',
    'Clothing1M': 'clothing1m',
    'DigitScenes': 'digit_scenes',
    'Digits': 'digits',
    'FashionMNIST': 'fashion_mnist',
    'FeatureBank': 'feature_bank',
    'ImageArray': 'image_array',
    'ImageFolder': 'image_folder',
    'LabelNoise': 'label_noise',
    'LoadImage': 'load_image',
    'MaskFolder': 'mask_folder',
    'MaskNoise': 'mask_noise',
    'MiniWebVision': 'mini_webvision',
    'PackedImages': 'packed_images',
    'StreamSampler': 'stream_sampler',
    'collate_batch': 'batched_fetch',
}
__all__ = list(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)
