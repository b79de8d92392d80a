"""``--noise KEY=VALUE ...``: the noise of a config from the command line."""

from argparse import ArgumentParser

import pytest
from mmengine.config import Config

from mmnoisy.config import NoiseAction, set_label_noise
from tests.helpers import CONFIGS

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
