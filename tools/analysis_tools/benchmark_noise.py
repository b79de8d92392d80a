"""Time the noise models at ImageNet's size: 1.28M labels, 1,000 classes."""

import argparse
import resource
import time

import numpy as np

from mmnoisy.functional.noise import add_noise


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--num-samples', type=int, default=1_281_167)
    parser.add_argument('--num-classes', type=int, default=1000)
    parser.add_argument('--num-features', type=int, default=64, help='for instance noise')
    parser.add_argument('--rate', type=float, default=0.4)
    return parser.parse_args()


def main():
    args = parse_args()
    rng = np.random.default_rng(0)
    labels = rng.integers(args.num_classes, size=args.num_samples)
    features = rng.standard_normal((args.num_samples, args.num_features), dtype=np.float32)
    circle = {label: (label + 1) % args.num_classes for label in range(args.num_classes)}
    runs = [
        dict(kind='symmetric'),
        dict(kind='symmetric', exact=False),
        dict(kind='symmetric', inclusive=True),
        dict(kind='pairflip'),
        dict(kind='asymmetric', mapping=circle),
        dict(kind='instance', features=lambda: features),
    ]
    for options in runs:
        start = time.perf_counter()
        noisy = add_noise(labels, args.num_classes, rng, rate=args.rate, **options)
        seconds = time.perf_counter() - start
        name = ', '.join(f'{key}={options[key]}' for key in ('kind', 'exact', 'inclusive') if key in options)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f'{name:32s} {seconds:6.2f} s, realised rate {(noisy != labels).mean():.4f}, peak memory {peak:.2f} GiB')


if __name__ == '__main__':
    main()
