"""Time what DivideMix does between two epochs besides the networks' sweep, at ImageNet's size: 1.28M samples."""

import argparse
import time

import numpy as np
import torch

from mmnoisy.datasets import StreamSampler
from mmnoisy.engine import CoDivideHook
from mmnoisy.engine.streams import batch_shares, fill_streams
from mmnoisy.functional.mixtures import min_max


def timed(name: str, function):
    """Run, print the processor seconds (what other processes do does not count), give back the result."""
    start = time.process_time()
    result = function()
    print(f'{name:44s} {time.process_time() - start:6.2f} s')
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--num-samples', type=int, default=1_281_167)
    parser.add_argument('--num-classes', type=int, default=1000)
    parser.add_argument('--rate', type=float, default=0.4, help='of wrong labels')
    parser.add_argument('--batch-size', type=int, default=64)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    wrong = rng.random(args.num_samples) < args.rate
    losses = np.where(wrong, rng.normal(7, 1.5, args.num_samples), rng.gamma(1.5, 0.8, args.num_samples))

    scaled = timed('scale the losses of a network', lambda: min_max(losses))
    hook = CoDivideHook(warmup_epochs=1)
    hook._labels = torch.from_numpy(rng.integers(args.num_classes, size=args.num_samples))
    fit = timed('Gaussian mixture', lambda: hook.fit(scaled))
    timed('Gaussian mixture for each class', lambda: hook._per_class_fit(scaled, fit))
    timed('Beta mixture', lambda: CoDivideHook(warmup_epochs=1, mixture='bmm').fit(scaled))
    labelled = torch.from_numpy(fit.p_clean > 0.5)[:, None].expand(-1, 2)
    sampler = StreamSampler(range(args.num_samples), seed=0)
    shares = batch_shares(args.batch_size, 0.5, 2, 'benchmark')
    timed('streams of both networks', lambda: fill_streams(sampler, labelled, shares))
    timed('order of an epoch', lambda: iter(sampler))
    right = (fit.p_clean > 0.5) == ~wrong
    print(f'(the Gaussian mixture is right about {100 * right.mean():.1f} % of these simulated samples)')


if __name__ == '__main__':
    main()
