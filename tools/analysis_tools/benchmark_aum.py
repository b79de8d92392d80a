"""What measuring AUM costs: beside the ``aum`` package, and beside a training step of ResNet-50 at ImageNet's size."""

import argparse
import tempfile
import time

import torch
from mmpretrain.structures import DataSample

from mmnoisy.engine import AUMHook


def seconds(function, device, repeats=200, arguments=None) -> float:
    """Shortest duration of a call, after one to warm up: what other programs on the machine disturb least."""
    found = []
    for repeat in range(repeats + 1):
        start = time.perf_counter()
        function(*(arguments[repeat % len(arguments)] if arguments else ()))
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        found.append(time.perf_counter() - start)
    return min(found[1:])


def make_hook(num_samples, num_classes) -> AUMHook:
    """An AUMHook in the middle of a training."""
    hook = AUMHook()
    hook.dataset = range(num_samples)
    hook.record = {
        name: torch.zeros(num_samples, *column.shape, dtype=column.dtype) for name, column in hook.columns.items()
    }
    hook._labels = torch.randint(num_classes, (num_samples,))
    hook._measuring, hook._is_last = True, False
    return hook


def make_batches(number, batch_size, num_samples, num_classes, device):
    """(logits, data batch) pairs, each sample once."""
    order = torch.randperm(num_samples)[: number * batch_size].view(number, batch_size)
    for index in order:
        samples = [DataSample(metainfo=dict(sample_idx=i)) for i in index.tolist()]
        yield torch.randn(batch_size, num_classes, device=device), dict(data_samples=samples)


def hook_cost(args, num_samples, device, number=20) -> tuple:
    """Seconds of one iteration and of one end of epoch, and bytes of the record and of the epoch's columns."""
    hook = make_hook(num_samples, args.classes)
    batches = list(make_batches(number, args.batch_size, num_samples, args.classes, device))

    def iterate(logits, data_batch):
        hook._logits = [logits]
        hook.after_train_iter(None, 0, data_batch)

    iteration = seconds(iterate, device, arguments=batches)
    epoch_bytes = sum(rows.nbytes for rows in hook._epoch_rows.values())

    def end_epoch():
        hook._rows('margin_sum', device), hook._rows('count', device), hook._rows('predicted', device)
        super(AUMHook, hook).after_train_epoch(None)

    return (
        iteration,
        seconds(end_epoch, device, repeats=5),
        sum(column.nbytes for column in hook.record.values()),
        epoch_bytes,
    )


def package_cost(args, number=5) -> float:
    """Seconds a sample of the ``aum`` package."""
    from aum import AUMCalculator

    calculator = AUMCalculator(tempfile.gettempdir())
    batches = list(make_batches(number, args.batch_size, args.batch_size * number, args.classes, torch.device('cpu')))
    labels = torch.randint(args.classes, (args.batch_size,))

    def iterate(logits, data_batch):
        index = [sample.sample_idx for sample in data_batch['data_samples']]
        calculator.update(logits, labels, index)

    return seconds(iterate, torch.device('cpu'), arguments=batches) / args.batch_size


def resnet_step(args, device) -> float:
    """Seconds of a forward and backward pass of ResNet-50, scaled to the batch size."""
    from torchvision.models import resnet50

    model = resnet50().to(device)
    images = torch.randn(args.images, 3, 224, 224, device=device)

    def step():
        torch.nn.functional.cross_entropy(
            model(images), torch.zeros(args.images, dtype=torch.long, device=device)
        ).backward()

    return seconds(step, device, repeats=2) * args.batch_size / args.images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--samples', type=int, default=1_281_167, help='samples of the simulated training set')
    parser.add_argument('--classes', type=int, default=1000)
    parser.add_argument('--batch-size', type=int, default=256)
    parser.add_argument('--images', type=int, default=8, help='images of the ResNet-50 step that is measured')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    device = torch.device(args.device)

    try:
        package = package_cost(args)
    except ImportError:
        package = None
        print('aum package: not installed (pip install aum)')
    # Of the same size as the package's, on the CPU.
    ours = hook_cost(args, 100 * args.batch_size, torch.device('cpu'))[0] / args.batch_size
    print(f'AUMHook: {ours * 1e6:.2f} us a sample (batch {args.batch_size}, {args.classes} classes, CPU)')
    if package is not None:
        print(f'aum package: {package * 1e6:.2f} us a sample: {package / ours:.1f} times as much')

    iteration, epoch, record_bytes, epoch_bytes = hook_cost(args, args.samples, device)
    steps = -(-args.samples // args.batch_size)
    added = iteration + epoch / steps
    step = resnet_step(args, device)
    print(f'{args.samples} samples, {args.classes} classes, batch {args.batch_size}, {device}:')
    print(
        f'  an iteration: {iteration * 1e3:.3f} ms; the end of an epoch: {epoch * 1e3:.1f} ms, {epoch / steps * 1e6:.1f} us a step'
    )
    print(f'  a step of ResNet-50: {step * 1e3:.0f} ms (measured with {args.images} images and scaled)')
    print(
        f'  share of the step: {100 * added / step:.4f} %; it is under 3 % of every step longer than {added / 0.03 * 1e3:.1f} ms'
    )
    print(
        f'  memory: {record_bytes / 1e6:.1f} MB for the record, {epoch_bytes / 1e6:.1f} MB for the columns of an epoch'
    )


if __name__ == '__main__':
    main()
