"""MaskFolder: which mask belongs to which image, what is refused by name, and a training run on such folders."""

import re

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image

from tests.helpers import CONFIGS, train

CLASSES = ('background', 'square', 'stripe')


def write_scenes(root, count, size=(12, 16), part=''):
    """Images (H, W) with a bright square or stripe in folders of two levels, their masks, and the masks as arrays by name."""
    rng, masks = np.random.default_rng(len(part)), {}
    for i in range(count):
        mask = np.zeros(size, dtype=np.uint8)
        top, left = rng.integers(0, size[0] - 4), rng.integers(0, size[1] - 4)
        kind = 1 + i % 2
        mask[top : top + 4, left : left + 4 if kind == 1 else None] = kind
        name = f'{part}/town{i % 3}/{i}'.lstrip('/')
        image = rng.integers(0, 60, (*size, 3), dtype=np.uint8)
        image[mask > 0] = (220, 40, 40) if kind == 1 else (40, 40, 220)
        for folder, suffix, values in (('images', 'bmp', image), ('masks', 'png', mask)):
            path = root / folder / f'{name}.{suffix}'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(path)
        masks[name] = mask
    return masks


def build(root, **args):
    dataset = DATASETS.build(dict(type='mmnoisy.MaskFolder', data_root=str(root), classes=CLASSES, **args))
    dataset.full_init()
    return dataset


def test_masks_are_matched_by_name(tmp_path):
    masks = write_scenes(tmp_path, 6)
    dataset = build(tmp_path)
    assert dataset.metainfo['classes'] == CLASSES and len(dataset) == 6
    for row in range(6):
        info = dataset.get_data_info(row)
        name = info['img_path'].removeprefix(f'{tmp_path}/images/').removesuffix('.bmp')
        assert (info['gt_mask'] == masks[name]).all() and info['gt_mask'].dtype == np.uint8


def test_a_palette_gives_its_places_and_a_turned_photo_is_upright(tmp_path):
    masks = write_scenes(tmp_path, 2)
    (name, mask), (other, _) = masks.items()
    mask[0, 0] = 255
    coloured = Image.fromarray(mask).convert('P')
    coloured.putdata(mask.ravel().tolist())
    coloured.putpalette([value % 256 for value in range(300, 300 + 768)])
    coloured.save(f'{tmp_path}/masks/{name}.png')
    # As a camera stores an upright photo: turned, with a note of it.
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(f'{tmp_path}/images/{other}.bmp') as image:
        image.transpose(Image.Transpose.ROTATE_90).save(f'{tmp_path}/images/{other}.jpg', exif=exif)
    (tmp_path / f'images/{other}.bmp').unlink()
    found = {info['img_path']: info['gt_mask'] for info in map(build(tmp_path).get_data_info, range(2))}
    assert (found[f'{tmp_path}/images/{name}.bmp'] == mask).all()
    assert found[f'{tmp_path}/images/{other}.jpg'].shape == mask.shape


def test_masks_are_scaled_by_the_nearest_pixel(tmp_path):
    (mask,) = write_scenes(tmp_path, 1).values()
    assert (build(tmp_path, size=(24, 32)).get_data_info(0)['gt_mask'] == mask.repeat(2, 0).repeat(2, 1)).all()
    assert build(tmp_path, size=8).get_data_info(0)['gt_mask'].shape == (8, 8)


def _damage(path, values=None, mode=None):
    with Image.open(path) as mask:
        new = np.array(mask) if values is None else values
    Image.fromarray(new).convert(mode or 'L').save(path)


@pytest.mark.parametrize(
    'change, error, message',
    [
        (lambda mask, image: mask.unlink(), FileNotFoundError, 'the image .*1.bmp has no mask .*1.png'),
        (lambda mask, image: image.unlink(), FileNotFoundError, r'the mask .*1.png has no image town1/1\.\* in'),
        (lambda mask, image: image.rename(image.with_name('0.bmp')) and mask.rename(mask.with_name('0.png')) and
         Image.new('RGB', (16, 12)).save(image.with_name('0.jpg')), ValueError, '0.bmp and .*0.jpg have one name, town1/0'),
        (lambda mask, image: _damage(mask, np.full((12, 16), 7, np.uint8)), ValueError, '1.png has the value 7, .* 3 classes'),
        (lambda mask, image: _damage(mask, np.zeros((6, 6), np.uint8)), ValueError, '1.png has 6 x 6 .*1.bmp has 12 x 16'),
        (lambda mask, image: _damage(mask, mode='RGB'), ValueError, '1.png is of the kind RGB: save the numbers'),
        (lambda mask, image: mask.write_bytes(mask.read_bytes()[:45]), ValueError, '1.png cannot be read as a PNG'),
        (lambda mask, image: image.write_bytes(b'no image'), ValueError, '1.bmp cannot be read'),
    ],
)  # fmt: skip
def test_the_file_that_is_wrong_is_named(tmp_path, change, error, message):
    write_scenes(tmp_path, 3)
    change(tmp_path / 'masks/town1/1.png', tmp_path / 'images/town1/1.bmp')
    with pytest.raises(error, match=message):
        build(tmp_path)


def test_folders_and_options_that_are_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no folder .*images'):
        build(tmp_path)
    (tmp_path / 'images').mkdir()
    with pytest.raises(FileNotFoundError, match='Found 0 files in .*images'):
        build(tmp_path)
    for args in (dict(classes='ab'), dict(ignore_index=2), dict(size=(4,)), dict(size=0)):
        with pytest.raises(ValueError, match='MaskFolder: (classes|size) must be'):
            DATASETS.build(dict(dict(type='mmnoisy.MaskFolder', classes=CLASSES), **args))


def test_the_config_trains_and_learns(tmp_path):
    """Shapes of two colours: a mean IoU of 50 % is out of reach where masks belong to other images."""
    write_scenes(tmp_path / 'data', 24, part='train')
    write_scenes(tmp_path / 'data', 6, part='test')
    # The lines that docs/segmentation.md has for one's own data, of which the places and sizes are the test's.
    page = (CONFIGS.parent / 'docs/segmentation.md').read_text()
    (text,) = re.findall(r"```python\n(_base_ = 'configs/segmentation/.*?)```", page, re.DOTALL)
    for old, new in (("'configs/", f"'{CONFIGS}/"), ("'photos'", f"'{tmp_path / 'data'}'"), ('96', '24')):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / 'own.py').write_text(text)
    cfg = Config.fromfile(tmp_path / 'own.py')
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.update(batch_size=4, num_workers=0)
    cfg.model.backbone.channels, cfg.model.head.in_channels = (8, 8), 8
    cfg.train_cfg.max_epochs, cfg.work_dir = 4, str(tmp_path / 'run')
    cfg.param_scheduler, cfg.custom_hooks = None, [dict(type='mmnoisy.ADELEHook')]
    cfg.default_hooks.summary.update(interval=4)
    runner = train(cfg)
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'SegmentationSummaryHook')
    assert hook.history[-1]['test_miou'] > 50
