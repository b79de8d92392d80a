import numpy as np
import pytest
from mmpretrain.datasets import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from PIL import Image

PIXELS = np.random.default_rng(0).integers(256, size=(6, 9, 3)).astype(np.uint8)


def load(path):
    return TRANSFORMS.build(dict(type='mmnoisy.LoadImage'))(dict(img_path=str(path)))


@pytest.mark.parametrize(
    'name, mode, options',
    [
        ('a.png', 'RGB', {}),
        ('a.jpg', 'RGB', dict(quality=90)),
        ('a.jpg', 'L', {}),
        ('a.jpg', 'CMYK', {}),
        ('a.png', 'P', {}),
        ('a.png', '1', {}),
        ('a.webp', 'RGB', {}),
        ('a.bmp', 'RGB', {}),
        ('a.tif', 'RGB', {}),
        ('a.gif', 'P', {}),
    ],
)
@pytest.mark.parametrize('rotated', [False, True])
def test_ordinary_files_load_as_upstream(tmp_path, name, mode, options, rotated):
    if rotated and name.endswith(('.bmp', '.gif')):
        pytest.skip('no EXIF in this format')
    exif = Image.Exif()
    exif[0x0112] = 6
    options = dict(options, exif=exif) if rotated else options
    Image.fromarray(PIXELS).convert(mode).save(tmp_path / name, **options)
    expected = LoadImageFromFile(imdecode_backend='pillow')(dict(img_path=str(tmp_path / name)))
    found = load(tmp_path / name)
    np.testing.assert_array_equal(found['img'], expected['img'])
    assert found['img_shape'] == expected['img_shape'] and found['img'].dtype == np.uint8
    assert found['img_shape'] == ((9, 6) if rotated else (6, 9))


def test_16_bits_are_scaled(tmp_path):
    grey = np.linspace(0, 65535, 54).reshape(6, 9)
    Image.fromarray(grey.astype(np.uint16)).save(tmp_path / 'a.png')
    np.testing.assert_allclose(load(tmp_path / 'a.png')['img'][..., 0], grey / 257, atol=0.51)


@pytest.mark.parametrize(
    'size, message', [((1, 5000), r'it is 1 x 5000 pixels'), ((5000, 49), 'it is 5000 x 49 pixels')]
)
def test_very_long_images_are_refused(tmp_path, size, message):
    Image.new('L', size).save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match=message):
        load(tmp_path / 'a.png')
