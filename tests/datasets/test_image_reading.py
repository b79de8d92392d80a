import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mmnoisy.datasets import image_reading
from mmnoisy.datasets.image_reading import decode_image, read_image, to_bytes


@pytest.fixture
def photo():
    """A smooth 20 x 30 picture, bright at the right, red at the bottom."""
    y, x = np.mgrid[:20, :30]
    return np.stack([y * 12, x * 8, (x + y) * 5], 2).astype(np.uint8)


def encode(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_a_png_comes_back_to_the_bit(tmp_path, photo):
    path = tmp_path / 'Grüße, "zwei" Bilder.png'
    Image.fromarray(photo).save(path)
    image = read_image(path)
    assert image.dtype == np.uint8 and np.array_equal(image, photo) and np.array_equal(read_image(str(path)), photo)


def test_grey_palette_and_two_colours_become_rgb(photo):
    grey = Image.fromarray(photo).convert('L')
    assert np.array_equal(decode_image(encode(grey, 'PNG'), 'x'), np.repeat(np.array(grey)[..., None], 3, 2))
    palette = Image.fromarray(photo).quantize(16)
    assert np.array_equal(decode_image(encode(palette, 'GIF'), 'x'), np.array(palette.convert('RGB')))
    assert set(np.unique(decode_image(encode(grey.convert('1'), 'PNG'), 'x'))) == {0, 255}


def test_transparency_is_laid_on_white(photo):
    alpha = np.full((20, 30, 1), 255, np.uint8)
    alpha[:, :10] = 0
    image = decode_image(encode(Image.fromarray(np.concatenate([photo, alpha], 2)), 'PNG'), 'x')
    assert (image[:, :10] == 255).all() and np.array_equal(image[:, 10:], photo[:, 10:])


def test_cmyk_keeps_its_colours(photo):
    image = decode_image(encode(Image.fromarray(photo).convert('CMYK'), 'JPEG', quality=98), 'x')
    assert abs(image.astype(int) - photo).mean() < 6


def test_exif_rotation_is_applied(photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned: to be shown turned by 90 degrees clockwise
    image = decode_image(encode(Image.fromarray(photo), 'PNG', exif=exif), 'x')
    assert np.array_equal(image, np.rot90(photo, -1))


def test_damaged_exif_is_no_reason_to_refuse(photo):
    image = decode_image(
        encode(Image.fromarray(photo), 'JPEG', exif=b'Exif\x00\x00II*\x00\xff\xff\xff\x7f', quality=98), 'x'
    )
    assert abs(image.astype(int) - photo).mean() < 6


@pytest.mark.parametrize('bits', [12, 16])
def test_sixteen_bit_grey_is_scaled(photo, bits):
    grey = photo[..., 1].copy()
    grey[0, 0] = 255  # the full range is used, as a camera does
    wide = np.rint(grey / 255 * (2**bits - 1)).astype(np.uint16)
    for kind in ('.png', '.tiff'):
        image = decode_image(cv2.imencode(kind, wide)[1].tobytes(), 'x')
        assert abs(image[..., 0].astype(int) - grey).max() <= 1


def test_sixteen_bit_colour_is_scaled(photo):
    data = cv2.imencode('.png', photo[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert abs(decode_image(data, 'x').astype(int) - photo).max() <= 1


def test_float_tiff_is_scaled():
    values = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    expected = np.rint(values * 255)
    for scaled in (values, values * 255, values * 7000 - 3500):
        image = decode_image(encode(Image.fromarray(scaled), 'TIFF'), 'x')
        assert abs(image[..., 0] - expected).max() <= 1
    values[0, 0] = np.nan
    with pytest.raises(ValueError, match='x: some of its pixels are infinite or not a number'):
        decode_image(encode(Image.fromarray(values), 'TIFF'), 'x')


def test_grey_values_of_one_value():
    assert (to_bytes(np.full((2, 2), 3, np.int32)) == 3).all() and (to_bytes(np.full((2, 2), -3, np.int32)) == 0).all()


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'WEBP', 'GIF', 'BMP', 'TIFF'])
def test_truncated_files_are_refused_by_name(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), kind)
    path = tmp_path / f'half.{kind.lower()}'
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=f'half.{kind.lower()}: '):
        read_image(path)


def test_other_files_are_refused_by_name(tmp_path):
    (tmp_path / 'empty.jpg').touch()
    (tmp_path / 'text.jpg').write_text('not an image')
    (tmp_path / 'runs.eps').write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n')
    for name, reason in [('empty.jpg', 'empty'), ('text.jpg', 'no image'), ('runs.eps', 'no image'), ('.', 'no such')]:
        with pytest.raises(ValueError, match=reason):
            read_image(tmp_path / name)
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(ValueError, match='pipe.jpg: there is no such file'):
        read_image(tmp_path / 'pipe.jpg')


def bomb(width, height):
    """A PNG of a few bytes that claims to be huge."""
    chunks = [
        (b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)),
        (b'IDAT', zlib.compress(b'')),
        (b'IEND', b''),
    ]
    packed = [struct.pack('>I', len(d)) + k + d + struct.pack('>I', zlib.crc32(k + d)) for k, d in chunks]
    return b'\x89PNG\r\n\x1a\n' + b''.join(packed)


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('side', [10_000, 60_000])
def test_absurd_sizes_are_refused_before_decoding(monkeypatch, side):
    monkeypatch.setattr(Image.Image, 'load', lambda self: pytest.fail('decoded'))
    with pytest.raises(ValueError, match=r'x: (it claims|Image size)'):
        decode_image(bomb(side, side), 'x')


def test_the_limit_is_on_pixels(monkeypatch, photo):
    monkeypatch.setattr(image_reading, 'MAX_PIXELS', 599)
    with pytest.raises(ValueError, match='30 x 20 pixels; at most 599'):
        decode_image(encode(Image.fromarray(photo), 'PNG'), 'x')


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(tmp_path):
    ramp = np.linspace(0, 255, 800).astype(np.uint8)
    Image.fromarray(np.broadcast_to(ramp, (400, 800)).copy()).convert('RGB').save(tmp_path / 'ramp.jpg', quality=95)
    whole, part = read_image(tmp_path / 'ramp.jpg'), read_image(tmp_path / 'ramp.jpg', at_least=100)
    assert whole.shape == (400, 800, 3) and part.shape == (100, 200, 3)
    assert np.abs(part[:, :, 0].astype(int) - ramp.reshape(200, 4).mean(1)).max() <= 4
