"""Data that come with the package's dependencies, as image files."""

import os
import tempfile
from pathlib import Path

BUILTIN = ('digits',)


def cache_folder() -> Path:
    """Folder for what can be made again: ``$MMNOISY_CACHE``, or else ``mmnoisy`` in the user's cache."""
    given = os.environ.get('MMNOISY_CACHE')
    if given:
        return Path(given)
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'mmnoisy'


def digits_folder() -> Path:
    """Folder of :class:`mmnoisy.Digits` as PNG files, ``train/<class>/<row>.png`` and ``test/<class>/<row>.png``.

    It is made once, in :func:`cache_folder`; a half-made one is never seen.
    """
    folder = cache_folder() / 'digits-1'
    if folder.is_dir():
        return folder
    from PIL import Image

    from .digits import Digits

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        for split in ('train', 'test'):
            source = Digits(split)
            for row in range(len(source)):
                info = source.get_data_info(row)
                path = Path(made, 'digits', split, str(info['gt_label']), f'{row:04d}.png')
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(info['img']).save(path)
        try:
            os.rename(Path(made, 'digits'), folder)
        except OSError:
            if not folder.is_dir():  # Another process was not faster.
                raise
    return folder
