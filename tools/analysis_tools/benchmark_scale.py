"""Seconds and bytes per million samples of every part of mmnoisy that keeps or computes something for each sample.

Each part is measured on as many samples as it can be in seconds, and printed for a million: ``x N`` grows in proportion, ``x N^2``
with the square. Bytes are of what stays in memory (or on the disk, for files) after the call; a file of samples and its reading
are those of ``benchmark_samples.py``.
"""

import argparse
import io
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Callable, List, NamedTuple

import numpy as np
import torch
from benchmark_samples import ListedImages  # noqa: F401
from mmengine.registry import init_default_scope

from mmnoisy.datasets import LabelNoise
from mmnoisy.datasets.samples_file import read_rows, read_samples, write_samples_csv
from mmnoisy.datasets.stream_sampler import StreamSampler
from mmnoisy.engine.sample_record import Column, SampleRecordHook
from mmnoisy.engine.streams import balanced_stream, fill_streams
from mmnoisy.evaluation.noise_detection import detection_scores
from mmnoisy.functional.knn_vote import knn_vote
from mmnoisy.functional.mixtures import fit_bmm, fit_gmm, min_max
from mmnoisy.registry import MODELS

#: Width of the features of SSR, SMP and kNN, and K of the tables, as at ImageNet's size.
WIDTH, CLASSES, NEIGHBOURS = 2048, 1000, 200


class Part(NamedTuple):
    """One line of the table.

    Args:
        name (str): What is measured.
        size (int): On how many samples.
        run (Callable): Does it; gives the bytes that stay.
        order (int): 1 where it grows with N, 2 with its square.
    """

    name: str
    size: int
    run: Callable[[], int]
    order: int = 1


def labels(args, folder: Path) -> List[Part]:
    """The data set and its files."""
    source = dict(type='mmnoisy.ListedImages', size=args.num_samples, num_classes=CLASSES)
    kept: dict = {}

    def build(**options):
        data = kept['data'] = LabelNoise(source, noise=dict(kind='symmetric', rate=0.4), pipeline=[], **options)
        arrays = (data.source_idx, data.given_labels, data.clean_labels)
        return sum(array.nbytes for array in arrays) + data.source.data_bytes.nbytes + data.source.data_address.nbytes

    def write():
        score = torch.rand(len(kept['data']))
        write_samples_csv(folder / 'samples.csv', kept['data'], score, score < 0.5, torch.zeros_like(score).long())
        return (folder / 'samples.csv').stat().st_size

    def keep():
        data = kept['data']
        found = read_samples(folder / 'samples.csv', data.source_idx, data.given_labels, data.checksum, 'keep')
        return sum(array.nbytes for array in found)

    return [
        Part('LabelNoise and its source, files of 1,000 classes', args.num_samples, build),
        Part('samples.csv: write', args.num_samples, write),
        Part('samples.csv: read as keep=', args.num_samples, keep),
        Part(
            'samples.csv: read all columns', args.num_samples, lambda: sum(0 for _ in read_rows(folder / 'samples.csv'))
        ),
    ]


def judging(args) -> List[Part]:
    """What is fitted to, and kept of, the losses and scores of all samples."""
    size = args.num_samples
    rng = np.random.default_rng(0)
    losses = np.where(rng.random(size) < 0.6, rng.gamma(2, 0.1, size), rng.gamma(9, 0.4, size))
    score, wrong = rng.random(size), rng.random(size) < 0.4

    def record():
        hook = SampleRecordHook.__new__(SampleRecordHook)
        hook.columns = dict(
            sum=Column(dtype=torch.float64), count=Column(dtype=torch.int32), last=Column(reduce='last')
        )
        hook.dataset, hook._epoch_rows, hook.known = range(size), {}, False
        hook.record = {name: torch.zeros(size, dtype=column.dtype) for name, column in hook.columns.items()}
        for index in torch.randperm(size).split(256):
            hook.add(index, sum=torch.ones(len(index)), count=torch.ones(len(index)), last=torch.ones(len(index)))
        hook.after_train_epoch(None)
        return sum(column.numel() * column.element_size() for column in hook.record.values())

    def streams():
        sampler = StreamSampler(range(size), seed=0)
        fill_streams(sampler, torch.from_numpy(score > 0.5)[:, None], (32, 32))
        return 8 * sum(1 for _ in sampler)

    def balanced():
        rows, generator = torch.arange(size), torch.Generator().manual_seed(0)
        stream = balanced_stream(rows, torch.from_numpy(rng.integers(CLASSES, size=size)), generator)
        return 8 * len(stream)

    def fit(function):
        return function(min_max(losses)).p_clean.nbytes

    return [
        Part('division: Gaussian mixture, one network', size, partial(fit, fit_gmm)),
        Part('division: Beta mixture', size, partial(fit, fit_bmm)),
        Part('record of three columns, an epoch in batches of 256', size, record),
        Part('streams of a divided epoch', size, streams),
        Part('balanced stream (SSR)', size, balanced),
        Part('detection scores', size, lambda: len(detection_scores(score, score < 0.4, wrong)) * 8),
    ]


def tables(args) -> List[Part]:
    """Losses that keep a distribution of each sample, and features."""
    size = max(1, args.num_samples // 10)

    def table(**options):
        loss = MODELS.build(dict(type='mmnoisy.ELRLoss', num_classes=CLASSES, **options))
        loss.set_num_samples(size)
        loss.train()
        scores = torch.randn(256, CLASSES, requires_grad=True)
        for index in torch.arange(size).split(256):
            loss(scores[: len(index)], index % CLASSES, sample_idx=index)
        state = io.BytesIO()
        torch.save(loss.state_dict(), state)
        return state.tell()

    def vote():
        features, given = torch.randn(args.neighbours, WIDTH), torch.randint(CLASSES, (args.neighbours,))
        knn_vote(features, given, given[:, None], CLASSES, NEIGHBOURS)
        return 4 * features.numel()

    return [
        Part('ELR, a pass and its table: float32', size, table),
        Part('ELR, a pass and its table: float16', size, partial(table, dtype='float16')),
        Part('ELR, a pass and its table: top_k=10, float16', size, partial(table, dtype='float16', top_k=10)),
        Part(f'votes of {NEIGHBOURS} neighbours by {WIDTH} features (SSR)', args.neighbours, vote, order=2),
    ]


def measure(part: Part) -> str:
    """Run a part; its line of the table."""
    start, cpu = time.perf_counter(), time.process_time()
    kept = part.run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    scale = 1e6 / part.size
    cells = (part.name, f'{part.size:,}', f'{cpu * scale**part.order:.1f}', f'{seconds * scale**part.order:.1f}')
    return '| ' + ' | '.join([*cells, f'{kept * scale / 1e6:,.0f}', f'x N{"^2" if part.order == 2 else ""}']) + ' |'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--num-samples', type=int, default=1_000_000)
    parser.add_argument('--neighbours', type=int, default=10_000, help='samples whose neighbours vote')
    args = parser.parse_args()
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    print('| part | measured on | processor s per million | wall s per million | MB per million | grows |')
    print('| --- | --- | --- | --- | --- | --- |')
    with tempfile.TemporaryDirectory() as folder:
        for parts in (lambda: labels(args, Path(folder)), lambda: judging(args), lambda: tables(args)):
            for part in parts():
                print(measure(part), flush=True)


if __name__ == '__main__':
    main()
