"""Time a data set with noise and its samples.csv at ImageNet's size: 1.28M files of 1,000 classes."""

import argparse
import hashlib
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmpretrain.datasets import BaseDataset

from mmnoisy.datasets import LabelNoise
from mmnoisy.datasets.samples_file import read_rows, read_samples, write_samples_csv
from mmnoisy.registry import DATASETS


@DATASETS.register_module()
class ListedImages(BaseDataset):
    """Files that need not exist, in folders of their classes, as of mmpretrain's ImageNet."""

    def __init__(self, size: int, num_classes: int):
        self.size, self.num_classes = size, num_classes
        super().__init__(ann_file='', metainfo=dict(classes=[f'class {label:04d}' for label in range(num_classes)]))

    def load_data_list(self) -> list:
        """Rows in the order of their classes."""
        labels = np.arange(self.size) * self.num_classes // self.size
        return [
            dict(img_path=f'data/train/n{label:08d}/{row:08d}.JPEG', gt_label=label)
            for row, label in enumerate(labels.tolist())
        ]


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--num-samples', type=int, default=1_281_167)
    parser.add_argument('--num-classes', type=int, default=1000)
    parser.add_argument('--rate', type=float, default=0.4)
    return parser.parse_args()


def timed(name: str, function):
    """What a function gives, after printing its seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    result = function()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f'{name:28s} {seconds:6.2f} s ({cpu:6.2f} s of the processor), peak memory {peak:.2f} GiB', flush=True)
    return result


def main():
    args = parse_args()
    init_default_scope('mmpretrain')
    source = dict(type='mmnoisy.ListedImages', size=args.num_samples, num_classes=args.num_classes)
    options = dict(noise=dict(kind='symmetric', rate=args.rate), holdout=0.1, pipeline=[])
    timed('the source alone', lambda: DATASETS.build(source))
    data = timed('LabelNoise with its source', lambda: LabelNoise(source, **options))
    print('labels', hashlib.sha256(data.gt_labels.tobytes()).hexdigest()[:16], end=', ')
    print('rows', hashlib.sha256(data.source_idx.tobytes()).hexdigest()[:16])
    generator = torch.Generator().manual_seed(0)
    score = torch.rand(len(data), generator=generator)
    suggested = torch.randint(args.num_classes, (len(data),), generator=generator)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'samples.csv'
        timed('writing samples.csv', lambda: write_samples_csv(path, data, score, score < 0.5, suggested))
        print('file', hashlib.sha256(path.read_bytes()).hexdigest()[:16], f'{path.stat().st_size / 1e6:.0f} MB')
        labels = data.given_labels
        timed('reading it as keep=', lambda: read_samples(path, data.source_idx, labels, data.checksum, 'keep'))
        timed('reading its rows', lambda: sum(1 for _ in read_rows(path)))


if __name__ == '__main__':
    main()
