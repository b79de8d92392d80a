import runpy

import pytest

from tests.helpers import ROOT

pytest.importorskip('efficientnet_lite_pytorch')
pytest.importorskip('timm')


def test_both_ways_give_the_same_features(monkeypatch, capsys):
    arguments = ['--number', '3', '--side', '48', '--sizes', '32', '--precisions', 'float32', '--threads', '1']
    monkeypatch.setattr('sys.argv', ['benchmark_features.py', *arguments, '--repeats', '1'])
    runpy.run_path(str(ROOT / 'tools/analysis_tools/benchmark_features.py'), run_name='__main__')
    lines = [line for line in capsys.readouterr().out.splitlines() if ' px  ' in line]
    assert [line.split()[2] for line in lines] == ['plain', 'float32']
    # torchvision and the bank read, scale and normalise alike; features are kept in 16 bits.
    assert float(lines[1].split()[-1]) < 0.01
