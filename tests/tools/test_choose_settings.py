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


def test_the_last_ten_epochs_can_choose_instead_of_the_best_one(tmp_path, capsys):
    (tmp_path / 'tuning.py').write_text(SUITE)
    store = Store(tmp_path / 'tuning.py', tmp_path / 'out')
    for cell in store.suite.cells:
        if '@' in cell.method:
            put_result(store, cell, val_best=60.0, last=70.0)
            # One good epoch long ago, and one that was not measured.
            seen = [99, '', *([40] * 9), 50 if cell.method == 'ce@1' else 30]
            folder = store.folder(cell) / 'run'
            folder.mkdir()
            (folder / 'history.csv').write_text(
                'val_accuracy\n' + '\n'.join(f'{v}' if v else '""' for v in seen) + '\n'
            )
    assert rows(store, 'last') == [('ce', '1', 41.0, 70.0, True), ('ce', '2', 39.0, 70.0, False)]
    main([str(store.file), '--out', str(store.out), '--epochs', 'last'])
    assert '| ce | 1 | 41.00 | 70.00 | yes |' in capsys.readouterr().out
