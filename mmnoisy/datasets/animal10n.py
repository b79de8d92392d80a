from pathlib import Path
from typing import List

from mmpretrain.datasets import BaseDataset

from ..registry import DATASETS


@DATASETS.register_module()
class Animal10N(BaseDataset):
    """`ANIMAL-10N <https://dm.kaist.ac.kr/datasets/animal-10n/>`_: 50,000 training images with about 8 % wrong labels.

    Five pairs of animals that are easily confused. The label is the start of the file name, ``<label>_<id>.jpg``.

    Args:
        data_root (str): Folder with ``training/`` and ``testing/``.
        split (str): ``'train'`` or ``'test'``. Defaults to ``'train'``.
        **kwargs: See :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        FileNotFoundError: No such folder, or no images in it.
        ValueError: Unknown split, or a file name without a label in 0..9.
    """

    METAINFO = {
        'classes': (
            'cat',
            'lynx',
            'wolf',
            'coyote',
            'cheetah',
            'jaguar',
            'chimpanzee',
            'orangutan',
            'hamster',
            'guinea pig',
        )
    }

    def __init__(self, data_root: str, split: str = 'train', **kwargs):
        if split not in ('train', 'test'):
            raise ValueError(f"Animal10N: split must be 'train' or 'test', not {split!r}.")
        self.split = split
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> List[dict]:
        """One dict a sample, sorted by file name: ``img_path``, ``gt_label``."""
        folder = Path(self.data_root) / f'{self.split}ing'
        files = sorted(folder.glob('*.jpg'))
        if not files:
            raise FileNotFoundError(
                f'Animal10N: there are no .jpg files in {folder}. Set data_root to the folder of '
                'training/ and testing/.'
            )
        return [dict(img_path=str(file), gt_label=self._label(file)) for file in files]

    def _label(self, file: Path) -> int:
        label = file.name.partition('_')[0]
        if not (label.isascii() and label.isdecimal() and len(label) < 9) or int(label) >= len(self.CLASSES):
            raise ValueError(f'Animal10N: the name of {file} does not start with a label in 0..9 and "_".')
        return int(label)
