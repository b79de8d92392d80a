"""Settings chosen by noisy validation, of results that are put there."""

import pytest

from mmnoisy.benchmark.store import Store
from tests.benchmark.suites import put_result
from tools.analysis_tools.choose_settings import main, rows

SUITE = """
name, seeds = 'tuning', [100]
noises = dict(
    sym40=dict(noise=dict(kind='symmetric', rate=0.4)),
    asym30=dict(noise=dict(kind='asymmetric', rate=0.3, mapping='mnist')),
)
methods = {
    'mixup_ema': dict(config='mixup/mixup-ema_cnn3_60e_digits-sym40', role='ce_mixup_ema', noises=['sym40']),
    'ceiling': dict(config='ce/ce_cnn3_60e_digits-sym40', role='ceiling', noises=['sym40']),
    'ce@1': dict(config='ce/ce_cnn3_60e_digits-sym40', role='ce'),
    'ce@2': dict(config='ce/ce_cnn3_60e_digits-sym40', options={'optim_wrapper.optimizer.lr': 2.0}),
}
"""
VALIDATION = {('ce@1', 'sym40'): 50.0, ('ce@1', 'asym30'): 60.0, ('ce@2', 'sym40'): 58.0, ('ce@2', 'asym30'): 54.0}


def test_the_best_mean_over_noises_is_chosen(tmp_path, capsys):
    (tmp_path / 'tuning.py').write_text(SUITE)
    store = Store(tmp_path / 'tuning.py', tmp_path / 'out')
    argv = [str(store.file), '--out', str(store.out)]
    with pytest.raises(SystemExit, match='run tools/benchmark.py first'):
        main(argv)
    for cell in store.suite.cells:
        if '@' in cell.method:
            # The test accuracy would choose the other one.
            put_result(
                store, cell, val_best=VALIDATION[cell.method, cell.noise], at_best_val=90.0 - 10 * ('2' in cell.method)
            )
    assert rows(store) == [('ce', '1', 55.0, 90.0, False), ('ce', '2', 56.0, 80.0, True)]
    main(argv)
    assert '| ce | 2 | 56.00 | 80.00 | yes |' in capsys.readouterr().out
