import cv2
import numpy as np
import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.models import TIMMBackbone
from mmpretrain.registry import MODELS
from mmpretrain.utils import require

from mmnoisy.datasets import Animal10N, Clothing1M, LabelNoise, MiniWebVision
from tests.helpers import CONFIGS

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def image(path, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))


@pytest.fixture
def clothing(tmp_path):
    keys = [f'images/{i}/{i},{i}.jpg' for i in range(6)]
    for key in keys:
        image(tmp_path / key)
    (tmp_path / 'noisy_label_kv.txt').write_text(''.join(f'{key} {i}\n' for i, key in enumerate(keys)))
    (tmp_path / 'clean_label_kv.txt').write_text(f'{keys[4]} 13\n{keys[5]} 5\n')
    (tmp_path / 'noisy_train_key_list.txt').write_text('\n'.join(keys[3::-1]) + '\n')
    for split, key in (('train', keys[4]), ('val', keys[5]), ('test', keys[4])):
        (tmp_path / f'clean_{split}_key_list.txt').write_text(key + '\n')
    return tmp_path


def test_clothing1m(clothing):
    data = LabelNoise(dict(type='mmnoisy.Clothing1M', data_root=str(clothing)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [3, 2, 1, 0] and data.num_classes == 14 and data.clean_labels is None
    assert data[0]['data_samples'].img_path.endswith('images/3/3,3.jpg')
    for split, label in (('train', 13), ('val', 5), ('test', 13)):
        assert Clothing1M(str(clothing), f'clean_{split}').get_gt_labels().tolist() == [label]


def test_clothing1m_errors(clothing):
    with pytest.raises(ValueError, match="split must be one of noisy_train, clean_train.*not 'train'"):
        Clothing1M(str(clothing), 'train')
    with (clothing / 'clean_val_key_list.txt').open('a') as file:
        file.write('images/9/9.jpg\n')
    with pytest.raises(ValueError, match='1 files of .*clean_val_key_list.txt have no label in .*images/9/9.jpg'):
        Clothing1M(str(clothing), 'clean_val')
    (clothing / 'noisy_label_kv.txt').write_text('images/0/0.jpg\n')
    with pytest.raises(ValueError, match="noisy_label_kv.txt: the line 'images/0/0.jpg' is not a file name and a"):
        Clothing1M(str(clothing))
    (clothing / 'noisy_train_key_list.txt').unlink()
    with pytest.raises(FileNotFoundError, match='noisy_train_key_list.txt does not exist. Set data_root'):
        Clothing1M(str(clothing))


@pytest.fixture
def animals(tmp_path):
    for name in ('training/3_17.jpg', 'training/0_2.jpg', 'testing/9_1.jpg'):
        image(tmp_path / name)
    return tmp_path


def test_animal10n(animals):
    tmp_path = animals
    data = LabelNoise(dict(type='mmnoisy.Animal10N', data_root=str(tmp_path)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [0, 3] and data[1]['inputs'].shape == (3, 8, 8)
    assert Animal10N(str(tmp_path), 'test').get_gt_labels().tolist() == [9]
    image(tmp_path / 'testing/cat.jpg')
    with pytest.raises(ValueError, match='cat.jpg does not start with a label'):
        Animal10N(str(tmp_path), 'test')
    with pytest.raises(FileNotFoundError, match='there are no .jpg files in .*nowhere/training'):
        Animal10N(str(tmp_path / 'nowhere'))


@pytest.fixture
def webvision(tmp_path):
    (tmp_path / 'info').mkdir()
    train_list = 'google/q1/a b.jpg 0\ngoogle/q2/c.jpg 50\ngoogle/q3/d.jpg 49\n'
    (tmp_path / 'info/train_filelist_google.txt').write_text(train_list)
    (tmp_path / 'info/val_filelist.txt').write_text('val1.jpg 7\nval2.jpg 999\n')
    for name in ('google/q1/a b.jpg', 'google/q3/d.jpg', 'val_images_256/val1.jpg'):
        image(tmp_path / name)
    return tmp_path


def test_mini_webvision(webvision):
    tmp_path = webvision
    data = LabelNoise(dict(type='mmnoisy.MiniWebVision', data_root=str(tmp_path)), pipeline=PIPELINE)
    assert data.gt_labels.tolist() == [0, 49] and data.num_classes == 50
    assert data[0]['inputs'].shape == data[1]['inputs'].shape == (3, 8, 8)
    val = MiniWebVision(str(tmp_path), 'val', pipeline=PIPELINE)
    assert val.get_gt_labels().tolist() == [7] and val[0]['inputs'].shape == (3, 8, 8)
    with pytest.raises(ValueError, match='no images of the first 5 classes'):
        MiniWebVision(str(tmp_path), 'val', num_classes=5)


@pytest.mark.parametrize(
    'name, data, shape',
    [
        ('dividemix/dividemix_resnet50_80e_clothing1m.py', 'clothing', (3, 224, 224)),
        ('ce/ce_resnet50_15e_clothing1m.py', 'clothing', (3, 224, 224)),
        ('dividemix/dividemix_inception-resnet-v2_80e_mini-webvision.py', 'webvision', (3, 299, 299)),
        ('ce/ce_inception-resnet-v2_80e_mini-webvision.py', 'webvision', (3, 299, 299)),
        ('ce/ce_vgg19-bn_100e_animal10n.py', 'animals', (3, 64, 64)),
    ],
)
def test_configs_load_from_disk_in_workers(name, data, shape, request):
    """Images of several sizes in the published formats, through the config's own transforms and two workers."""
    root = request.getfixturevalue(data)
    sizes = [shape[1:]] if data == 'animals' else [(400, 300), (260, 350), (600, 500)]
    for i, path in enumerate(sorted(root.rglob('*.jpg'))):
        cv2.imwrite(str(path), np.random.default_rng(i).integers(0, 256, (*sizes[i % len(sizes)], 3), np.uint8))
    cfg = Config.fromfile(CONFIGS / name)
    cfg.train_dataloader.dataset.source.data_root = cfg.test_dataloader.dataset.data_root = str(root)
    views = 2 if 'dividemix' in name else 1
    for part in ('train', 'test'):
        loader_cfg = cfg[f'{part}_dataloader']
        assert loader_cfg.num_workers > 0
        # Nested transforms are looked up in the default scope.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            loader = Runner.build_dataloader(dict(loader_cfg, num_workers=2), seed=0)
        inputs = next(iter(loader))['inputs']
        found = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        assert len(found) == (views if part == 'train' else 1)
        for images in found:
            assert images.shape == (len(loader.dataset), *shape) and images.dtype == torch.uint8
        if part == 'train' and views == 2:
            assert not torch.equal(*found)


def test_inception_resnet_v2_gives_the_features_that_its_head_takes():
    pytest.importorskip('timm')
    model = Config.fromfile(CONFIGS / '_base_/models/inception_resnet_v2_299px.py').model
    backbone = MODELS.build(model.backbone)
    backbone.eval()  # mmpretrain's returns nothing
    with torch.no_grad():
        (features,) = backbone(torch.zeros(1, 3, 299, 299))
    assert features.shape == (1, model.head.in_channels, 8, 8)


def test_inception_resnet_v2_says_how_to_install_timm(monkeypatch):
    # mmpretrain looks for timm once, when its backbone is defined: here it looks again and finds none.
    monkeypatch.setattr('mmpretrain.utils.dependency.satisfy_requirement', lambda package: package != 'timm')
    monkeypatch.setattr(TIMMBackbone, '__init__', require('timm')(TIMMBackbone.__init__))
    model = Config.fromfile(CONFIGS / '_base_/models/inception_resnet_v2_299px.py').model
    with pytest.raises(ImportError, match='pip install "timm"'):
        MODELS.build(model.backbone)


def test_resnet50_takes_the_names_of_torchvisions_weights():
    model = Config.fromfile(CONFIGS / '_base_/models/resnet50_224px.py').model
    assert model.backbone.init_cfg.checkpoint == 'torchvision://resnet50'
    ours = MODELS.build(model.backbone).state_dict()
    theirs = torchvision.models.resnet50().state_dict()
    theirs = {name: value.shape for name, value in theirs.items() if not name.startswith('fc.')}
    assert {name: value.shape for name, value in ours.items()} == theirs
