import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS

from mmnoisy import compat
from mmnoisy.extraction import extract
from tests.helpers import CONFIGS

CONFIG = CONFIGS / 'combinations' / 'coteaching-gce_cnn3_60e_digits-sym40.py'


@pytest.mark.parametrize('net', ['net1', 'net2'])
def test_same_logits(tmp_path, net):
    cfg = Config.fromfile(CONFIG)
    both = MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))
    both.init_weights()
    torch.save(dict(state_dict=both.state_dict(), meta={}), tmp_path / 'both.pth')
    extract(str(CONFIG), str(tmp_path / 'both.pth'), str(tmp_path / 'one.pth'), net)

    cfg = Config.fromfile(tmp_path / 'one.py')
    one = MODELS.build(dict(data_preprocessor=cfg.data_preprocessor, **cfg.model))
    assert type(one) is ImageClassifier
    load_checkpoint(one, str(tmp_path / 'one.pth'), strict=True)
    data = dict(inputs=[torch.randint(256, (1, 8, 8)).float() for _ in range(3)])
    inputs = [model.eval().data_preprocessor(data)['inputs'] for model in (one, both)]
    assert torch.equal(one(inputs[0]), both.logits(inputs[1])[net])


def test_refuses(tmp_path):
    single = str(CONFIGS / 'ce' / 'ce_cnn3_60e_digits-sym40.py')
    with pytest.raises(ValueError, match='not one of two networks'):
        extract(single, 'none.pth', str(tmp_path / 'one.pth'))
    torch.save(dict(state_dict={'backbone.weight': torch.zeros(1)}), tmp_path / 'single.pth')
    with pytest.raises(ValueError, match='has no weights of net1'):
        extract(str(CONFIG), str(tmp_path / 'single.pth'), str(tmp_path / 'one.pth'))


def test_checkpoints_of_a_run_are_read_in_a_new_process(tmp_path):
    """Nothing else need have allowed what checkpoints of mmengine hold."""
    single = str(CONFIGS / 'ce' / 'ce_cnn3_60e_digits-sym40.py')
    history = {'train/loss': HistoryBuffer([1.0], [1])}
    state = dict(state_dict={'backbone.weight': torch.zeros(1)}, meta={}, message_hub=dict(log_scalars=history))
    torch.save(state, tmp_path / 'epoch_1.pth')
    allowed = torch.serialization.get_safe_globals()
    try:
        torch.serialization.clear_safe_globals()
        compat.allow_checkpoint_globals.cache_clear()
        extract(single, str(tmp_path / 'epoch_1.pth'), str(tmp_path / 'one.pth'), None)
    finally:
        torch.serialization.add_safe_globals(allowed)
    assert list(torch.load(tmp_path / 'one.pth', weights_only=True)['state_dict']) == ['backbone.weight']
