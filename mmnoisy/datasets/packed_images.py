from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS

#: Images up to so many values are kept decoded.
SMALL = 64 * 64 * 3


@DATASETS.register_module()
class PackedImages(BaseDataset):
    """Encoded images in a few npz files, with columns of labels in another.

    A file of images holds ``files``, the bytes of all of them one after the other (uint8), and ``offset``, (N + 1,):
    image i is ``files[offset[i]:offset[i + 1]]``, of any format that OpenCV reads (PNG, WebP, JPEG). The file of labels
    holds one array of integers for each column.

    Args:
        files (Sequence[str] | str): Files of images, in order, relative to ``data_root``.
        label_file (str): File of labels, relative to ``data_root``.
        label (str): Column of the observed labels. Defaults to ``'label'``.
        clean_label (str, optional): Column of the true labels, for evaluation alone. Defaults to None.
        rows (Sequence[int], optional): First row, the one after the last, and the step if it is not 1; all rows where
            None.
        classes (Sequence[str], optional): Names of the classes; '0'..'K-1' of the largest label where None.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not such a file, an unknown column, labels of another number than the images, or rows outside.
    """

    def __init__(
        self,
        files: Union[Sequence[str], str],
        label_file: str,
        label: str = 'label',
        clean_label: Optional[str] = None,
        rows: Optional[Sequence[int]] = None,
        data_root: str = '',
        **kwargs,
    ):
        self.files = [files] if isinstance(files, str) else list(files)
        self.label, self.clean_label, self.rows = label, clean_label, rows
        self._packs = [_pack(_existing(data_root, file)) for file in self.files]
        #: All columns of the chosen rows, that of the observed labels first: ``{name: (N,) int64}``.
        self.columns = self._read_columns(_existing(data_root, label_file))
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample: ``gt_label`` and, if asked for, ``clean_label``."""
        labels = self.columns[self.label]
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(str(k) for k in range(int(labels.max()) + 1))
        infos = [dict(gt_label=int(label)) for label in labels]
        if self.clean_label is not None:
            for info, label in zip(infos, self.columns[self.clean_label]):
                info['clean_label'] = int(label)
        return infos

    def get_data_info(self, idx: int) -> dict:
        """A sample's labels and its ``img``, (H, W, 3) uint8, RGB."""
        info = super().get_data_info(idx)
        pack, row = self._place(info['sample_idx'])
        info['img'] = pack.image(row)
        return info

    def image_name(self, idx: int) -> str:
        """What messages and lists call a sample: its file and its row there."""
        pack, row = self._place(idx)
        return f'{pack.path.name}#{row}'

    def _place(self, idx: int) -> Tuple['_Pack', int]:
        row = self._rows[idx]
        part = int(np.searchsorted(self._starts, row, side='right')) - 1
        return self._packs[part], row - int(self._starts[part])

    def _read_columns(self, path: Path) -> Dict[str, np.ndarray]:
        self._starts = np.cumsum([0, *(len(pack) for pack in self._packs)])
        total = int(self._starts[-1])
        self._rows = range(total)[slice(*self.rows)] if self.rows else range(total)
        if not self._rows or (self.rows and not 0 <= self.rows[0] < self.rows[1] <= total):
            raise ValueError(f'PackedImages: rows must lie in 0..{total}, the first below the last, not {self.rows}.')
        with _load(path) as content:
            columns = {name: content[name] for name in content.files}
        columns = {n: v for n, v in columns.items() if v.dtype.kind in 'iu' and v.shape == (total,)}
        for name in filter(None, (self.label, self.clean_label)):
            if name not in columns:
                raise ValueError(
                    f'{path} has no column {name!r} of integers with {total} rows, as many as there are images; it has '
                    f'{", ".join(columns) or "none"}.'
                )
        order = sorted(columns, key=lambda name: name != self.label)
        return {name: columns[name][list(self._rows)].astype(np.int64) for name in order}


class _Pack:
    """One file of images; small ones are kept once they were decoded."""

    def __init__(self, path: Path):
        self.path = path
        with _load(path) as content:
            if not {'files', 'offset'} <= set(content.files):
                raise ValueError(f'{path} is no file of images: it needs the arrays files and offset.')
            self.data, self.offset = content['files'], content['offset']
        sound = self.data.dtype == np.uint8 and self.offset.dtype.kind in 'iu' and len(self.offset) > 1
        if not sound or (np.diff(self.offset) < 0).any() or self.offset[0] < 0 or self.offset[-1] > len(self.data):
            raise ValueError(f'{path}: offset must be ascending numbers of bytes in files, which must be uint8.')
        self.small: Dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.offset) - 1

    def image(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8, RGB."""
        if row in self.small:
            return self.small[row]
        data = self.data[self.offset[row] : self.offset[row + 1]]
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
        if image is None:
            raise ValueError(f'{self.path}: image {row} is damaged or of an unknown format.')
        image = np.ascontiguousarray(image[..., ::-1])
        if image.size <= SMALL:
            image.flags.writeable = False
            self.small[row] = image
        return image


def _existing(root: str, name: str) -> Path:
    path = Path(root) / name
    if not path.is_file():
        raise FileNotFoundError(f'PackedImages: the file {path} does not exist.')
    return path.resolve()


def _load(path: Path):
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.lib.npyio.NpzFile):
            return content
    except Exception as error:
        raise ValueError(f'{path} is no npz file that numpy can read ({error}).') from error
    raise ValueError(f'{path} holds one array; an npz file of several is needed.')


def _pack(path: Path) -> _Pack:
    return _cached_pack(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _cached_pack(path: Path, mtime: int) -> _Pack:
    """Training, validation and test data of a run share what was read."""
    return _Pack(path)
