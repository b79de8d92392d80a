import json
import re
import runpy
import sys
from types import SimpleNamespace

import pytest

from .helpers import CONFIGS, ROOT, clear_globals

FOLDER = ROOT / 'tools/analysis_tools'


@pytest.fixture
def tool(monkeypatch):
    """Run a tool's ``__main__`` in this process."""

    def run(name, *args):
        clear_globals()
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        monkeypatch.syspath_prepend(str(FOLDER))
        return runpy.run_path(str(FOLDER / name), run_name='__main__')

    return run


def flops(batch, channels=(1, 4, 8, 8), size=8):
    """Of a step of CNN3: each convolution forward, for its weights and, but for the first, for its input."""
    whole = 0
    for layer, (inside, outside) in enumerate(zip(channels, channels[1:])):
        whole += (3 if layer else 2) * 2 * 9 * inside * outside * size**2 * batch
        size //= 2 if layer < 2 else 1
    return whole + 3 * 2 * channels[-1] * 10 * batch


def test_the_phases_of_an_epoch(tool, tmp_path, capsys):
    options = ['model.backbone.channels=(4,8,8)', 'model.head.in_channels=8', 'log_level=WARNING']
    config = CONFIGS / 'ce/ce_cnn3_60e_digits-sym40.py'
    tool('benchmark_epoch.py', config, '--epochs', 2, '--out', tmp_path / 'a.json', '--cfg-options', *options)
    found = json.loads((tmp_path / 'a.json').read_text())
    assert (found['images'], found['steps']) == ([1292, 1292], [21, 21])
    assert len(found['epochs']) == 2 and found['start'] > 0
    # The first three batches of 64.
    assert found['step_flops'] == flops(64)
    printed = capsys.readouterr().out
    shares = {phase: float(share) for phase, share in re.findall(r'^(\w+) +[\d.]+ +([\d.]+)%', printed, re.M)}
    assert set(shares) == {'data', 'train', 'sweep', 'evaluate', 'checkpoint', 'log'}
    assert sum(shares.values()) == pytest.approx(100, abs=0.4)
    assert min(shares['train'], shares['evaluate'], shares['checkpoint']) > 0


def test_each_moment_belongs_to_the_innermost_phase(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from phased_runner import PhaseClock

    now = SimpleNamespace(time=0.0)

    def go_on(seconds):
        now.time += seconds

    clock = PhaseClock(lambda: now.time, since=-5)
    go_on(1)
    clock.switch('data')
    go_on(2)
    with clock.within('evaluate'):
        go_on(10)
        with clock.within('checkpoint'):
            go_on(100)
        clock.switch('log')
        go_on(1000)
    go_on(3)
    assert clock.take() == dict(start=6, data=5, evaluate=10, checkpoint=100, log=1000)
    assert clock.take() == dict(data=0)


def test_the_configs_of_the_gpu_benchmark(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(FOLDER))
    import benchmark_gpu

    args = SimpleNamespace(images=640, width=4, workers=0, out=tmp_path)
    for name in benchmark_gpu.METHODS:
        cfg = benchmark_gpu.build(name, 'eager float32', args)
        loaders = [cfg[f'{part}_dataloader'] for part in ('train', 'val', 'test')]
        assert 'CIFAR10' not in str(loaders)
        assert cfg.train_dataloader.dataset.source == dict(type='mmnoisy.RandomImages', size=640)
        assert cfg.test_dataloader.dataset.source == dict(type='mmnoisy.RandomImages', size=128)
    found = dict(
        epochs=[dict(train=9.0), dict(train=3.0, data=0.5, sweep=0.5, evaluate=1.0)],
        images=[640, 640],
        steps=[5, 5],
        step_flops=6e9,
        product=1e11,
        peak_gib=1.5,
    )
    row = benchmark_gpu.row('ce', 'bfloat16', found, before=10)
    assert row.split() == 'ce bfloat16 5.00 0.50 3.00 0.50 1.00 600.0 160 10.0% 1.50 2.00'.split()
