"""A method's ``metafile.yml``, from its ``results.json`` and its configs."""

import re
from typing import Dict

import yaml

from .results_file import ACCURACIES, figure
from .results_table import number

#: The names of networks and data in a config's file name -> as they are written.
NETWORKS = {
    'cnn3': 'CNN3',
    'cnn4': 'CNN3 with four blocks',
    'cnn5': 'CNN3 with five blocks',
    'cnn8': 'CNN8',
    'cnn9': 'CNN9',
    'efficientnet-lite0': 'EfficientNet-Lite0',
    'inception-resnet-v2': 'Inception-ResNet-v2',
    'preact-resnet18': 'PreAct-ResNet-18',
    'resnet18': 'ResNet-18',
    'resnet34': 'ResNet-34',
    'resnet50': 'ResNet-50',
    'small-unet': 'small U-Net',
    'vgg19-bn': 'VGG-19-BN',
    'wrn28-10': 'WRN-28-10',
}
DATA = {
    'animal10n': 'ANIMAL-10N',
    'cifar100': 'CIFAR-100',
    'cifar10': 'CIFAR-10',
    'clothing1m': 'Clothing1M',
    'csv': 'a CSV file',
    'digit-scenes': 'scenes made of digits',
    'digits': 'digits',
    'fashion-mnist': 'Fashion-MNIST',
    'image-folder': 'class folders',
    'mask-folder': 'a folder of images and one of masks',
    'mini-webvision': 'mini-WebVision',
}


def metafile(method: str, results: dict, configs: Dict[str, dict]) -> str:
    """The content of a method's ``metafile.yml``."""
    collection = dict(Name=results['name'], README=f'configs/{method}/README.md')
    if results['paper']:
        collection['Paper'] = dict(URL=results['paper']['url'], Title=results['paper']['title'])
    models = [_model(method, name, cfg, results) for name, cfg in configs.items()]
    text = yaml.safe_dump(
        dict(Collections=[collection], Models=models), sort_keys=False, allow_unicode=True, width=1000
    )
    return f'# Written by tools/tables.py from results.json.\n{text}'


def _model(method: str, name: str, cfg: dict, results: dict) -> dict:
    network, _, data = re.fullmatch(r'.+_([a-z0-9-]+)_(\d+)e_([a-z0-9-]+)', name).groups()
    known = max((key for key in DATA if data == key or data.startswith(f'{key}-')), key=len, default=data)
    noise = re.sub(r'(\d+)perclass', r'\1 labels per class', data[len(known) :].lstrip('-'))
    model = {
        'Name': name,
        'In Collection': results['name'],
        'Config': f'configs/{method}/{name}.py',
        'Metadata': {
            'Architecture': ('Two ' if 'network' in cfg['model'] else '') + NETWORKS.get(network, network),
            'Epochs': cfg['train_cfg']['max_epochs'],
            'Training Data': DATA.get(known, known) + (f', {noise}' if noise else ''),
        },
    }
    metrics = {}
    for metric in ('last', 'at_best_val'):
        found = figure(results, name, metric)
        if found:
            title = f'Top 1 Accuracy ({ACCURACIES[metric].title}, mean of seeds {", ".join(map(str, found.seeds))})'
            metrics[title] = float(number(found, metric))
    if metrics:
        model['Results'] = [dict(Task='Image Classification', Dataset=DATA.get(known, known), Metrics=metrics)]
    return model
