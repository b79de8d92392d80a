"""``--noise KEY=VALUE ...``: the noise of a config from the command line."""

import json
from argparse import ArgumentParser

import pytest
from mmengine.config import Config

from mmnoisy.config import NoiseAction, set_label_noise
from mmnoisy.stages import main
from tests.helpers import CONFIGS, clear_globals

SYMMETRIC = dict(kind='symmetric', rate=0.8)


def parse(*texts):
    parser = ArgumentParser()
    parser.add_argument('--noise', nargs='+', action=NoiseAction)
    return parser.parse_args(['--noise', *texts]).noise


def test_values_are_typed():
    found = parse(
        'kind=asymmetric', 'rate=0.3', 'exact=False', 'image_size=8', 'mapping=mnist', 'matrix=[[0.5,0.5],[0,1]]'
    )
    assert found == dict(
        kind='asymmetric', rate=0.3, exact=False, image_size=8, mapping='mnist', matrix=[[0.5, 0.5], [0, 1]]
    )
    assert isinstance(found['image_size'], int) and found['exact'] is False


def test_a_word_without_a_value(capsys):
    with pytest.raises(SystemExit):
        parse('symmetric', 'rate=0.6')
    assert "--noise: 'symmetric' is not KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    'base',
    [
        'dividemix/dividemix_preact-resnet18_120e_fashion-mnist-sym50',
        'dividemix/dividemix_preact-resnet18_300e_cifar10-sym50',
        'dividemix/dividemix_preact-resnet18_300e_cifar100-sym50',
        'm_correction/m_correction_preact-resnet18_300e_cifar10-sym50',
        'm_correction/m_correction_preact-resnet18_300e_cifar100-sym50',
        'ssr/ssr_preact-resnet18_300e_cifar10-sym50',
        'elr_plus/elr_plus_preact-resnet18_200e_cifar10-asym40',
    ],
)
def test_noise_is_replaced_in_training_and_validation(base):
    cfg, before = (Config.fromfile(CONFIGS / f'{base}.py') for _ in range(2))
    set_label_noise(cfg, noise=SYMMETRIC)
    for part in ('train_dataloader', 'val_dataloader'):
        assert cfg[part].dataset.noise == SYMMETRIC != before[part].dataset.noise
        cfg[part].dataset.noise = before[part].dataset.noise
    assert cfg.to_dict() == before.to_dict()


def test_a_wrapped_label_noise_is_found():
    inner = dict(type='mmnoisy.LabelNoise', source=dict(type='mmnoisy.Digits'), seed=0)
    dataset = dict(type='ConcatDataset', datasets=[inner, dict(type='RepeatDataset', dataset=dict(inner))])
    cfg = Config(dict(train_dataloader=dict(dataset=dataset), val_dataloader=None))
    set_label_noise(cfg, noise=SYMMETRIC, seed=3)
    one, two = cfg.train_dataloader.dataset.datasets
    assert one.noise == two.dataset.noise == SYMMETRIC and (one.seed, two.dataset.seed) == (3, 3)
    assert one.noise is not two.dataset.noise


@pytest.mark.parametrize('options, name', [(dict(noise=SYMMETRIC), '--noise:'), (dict(seed=1), '--noise-seed:')])
def test_no_label_noise(options, name):
    with pytest.raises(SystemExit, match=f'{name} the config has no mmnoisy.LabelNoise'):
        set_label_noise(Config(dict(train_dataloader=dict(dataset=dict(type='mmnoisy.Digits')))), **options)


def train(tmp_path, *noise, config='ce/ce_cnn3_60e_digits-sym40', options=()):
    clear_globals()
    fast = ['model.backbone.channels=(4,8,8)', 'model.head.in_channels=8', 'log_level=WARNING', *options]
    fast += ['train_cfg.max_epochs=1', 'default_hooks.summary.train_interval=0', 'custom_hooks=[]']
    main([f'mmnoisy::{config}', '--work-dir', str(tmp_path), '--noise', *noise, '--cfg-options', *fast])


def test_a_run_with_other_noise(tmp_path):
    train(tmp_path, 'kind=pairflip', 'rate=0.3')
    noise = json.loads((tmp_path / 'summary.json').read_text())['noise']
    assert (noise['kind'], noise['requested_rate']) == ('pairflip', 0.3) and abs(noise['realised_rate'] - 0.3) < 0.01
    (dumped,) = tmp_path.glob('*.py')
    cfg = Config.fromfile(dumped)
    assert cfg.train_dataloader.dataset.noise == cfg.val_dataloader.dataset.noise == dict(kind='pairflip', rate=0.3)


@pytest.mark.parametrize(
    'noise, message',
    [
        (['kind=symetric', 'rate=0.3'], "unknown kind 'symetric'; the nearest is 'symmetric'. Known kinds: symmetric"),
        (['rate=0.3'], 'unknown kind None'),
        (['kind=symmetric'], "kind 'symmetric' needs the option 'rate'"),
        (
            ['kind=symmetric', 'rates=0.3'],
            "has no option 'rates'; the nearest is 'rate'. It has .* needs the option 'rate'",
        ),
        (['kind=asymmetric', 'rate=0.3', 'maping=mnist'], "no option 'maping'; the nearest is 'mapping'"),
        (['kind=symmetric', 'rate=0.3', 'mapping=mnist'], "kind 'symmetric' has no option 'mapping'"),
        (['kind=symmetric', 'rate=3'], r'rate must be a number in \[0, 1\], not 3'),
        (['kind=symmetric', 'rate=much'], "not 'much'"),
        (['kind=symmetric', 'rate=0.3', 'exact=maybe'], "exact must be True or False, not 'maybe'"),
        (['kind=asymmetric', 'rate=0.3', 'mapping=cifar11'], "unknown mapping 'cifar11'"),
    ],
)
def test_unusable_noise_ends_the_program_with_one_message(noise, message, tmp_path):
    with pytest.raises(SystemExit, match=f'^--noise: .*{message}'):
        train(tmp_path, *noise)


def test_a_stage_with_unusable_noise(tmp_path):
    with pytest.raises(SystemExit, match="^--noise: .*unknown kind 'no'"):
        train(tmp_path, 'kind=no', config='aum/aum_cnn3_60e_digits-sym40')
