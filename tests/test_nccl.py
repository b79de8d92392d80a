"""One rank with NCCL, as the launchers start it, where there is a GPU."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.helpers import ROOT, digits_cfg

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')


def test_one_rank_trains_and_measures(tmp_path):
    cfg = digits_cfg(tmp_path / 'run', epochs=1)
    assert cfg.env_cfg.dist_cfg.backend == 'nccl'
    cfg.dump(tmp_path / 'config.py')
    command = [str(ROOT / 'tools/dist_train.sh'), str(tmp_path / 'config.py'), '1', '--work-dir', str(tmp_path / 'run')]
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ['PATH']
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, PATH=path, PORT='29631'))
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads((tmp_path / 'run' / 'summary.json').read_text())
    assert 0 <= summary['test_accuracy_last'] <= 100
    assert torch.load(tmp_path / 'run' / 'epoch_1.pth', weights_only=True)['run']['world_size'] == 1
