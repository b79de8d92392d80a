import os

from mmpretrain.datasets import CustomDataset

from ..registry import DATASETS
from .listed_files import SUFFIXES, class_folders
from .vocabulary import MISSING_CLASS


@DATASETS.register_module()
class ImageFolder(CustomDataset):
    """One folder a class: mmpretrain's ``CustomDataset`` without hidden folders, which are no classes.

    The samples and their order are those of ``CustomDataset``, except that hidden folders such as
    ``.ipynb_checkpoints`` and folders without an image are no classes, that more kinds of files are images (see
    :mod:`mmnoisy.datasets.listed_files`), and that with ``classes`` a folder may lack some of them, as a small test set
    does.

    Args:
        data_root (str): Folder. Defaults to ''.
        data_prefix (str): Folder of the class folders, relative to ``data_root``. Defaults to ''.
        **kwargs: See :class:`mmpretrain.datasets.CustomDataset`.

    Raises:
        FileNotFoundError: No such folder, or no image in it.
        ValueError: A folder that is none of ``classes``.
    """

    def _find_samples(self) -> list:
        if not os.path.isdir(self.img_prefix):
            raise FileNotFoundError(f'there is no folder {self.img_prefix}.')
        files = class_folders(self.img_prefix).files
        if not files:
            raise FileNotFoundError(f'Found 0 files in class folders of {self.img_prefix} ({", ".join(SUFFIXES)}).')
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(files)
        numbers = {name: number for number, name in enumerate(self.CLASSES)}
        unknown = [name for name in files if name not in numbers]
        if unknown:
            raise ValueError(
                f'the folder {os.path.join(self.img_prefix, unknown[0])} is none of the {len(numbers)} classes '
                f'({", ".join(list(numbers)[:20])}). '
                f'{MISSING_CLASS}'
            )
        self.folder_to_idx = numbers
        return [(path, numbers[name]) for name, paths in files.items() for path in paths]
