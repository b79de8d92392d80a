"""Features of many images by a frozen pretrained network, in one sweep that is kept on the disk."""

import hashlib
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dist import barrier, broadcast_object_list, get_rank, get_world_size, is_main_process
from mmengine.logging import print_log

from ..datasets.feature_bank import UNREADABLE, Bank, read_bank
from ..models.backbones.folding import folded
from ..models.backbones.pretrained import build_backbone
from .bank_files import Draft, finish, locked, plan
from .bank_images import TRANSFORMS, as_images, image_view

PRECISIONS = {'float32': torch.float32, 'bfloat16': torch.bfloat16}
Labels = Union[Sequence[int], np.ndarray, Mapping[str, Union[Sequence, np.ndarray]]]


def build_feature_bank(
    paths,
    out: Union[str, Path],
    *,
    labels: Optional[Labels] = None,
    classes: Optional[Sequence[str]] = None,
    backbone: str = 'efficientnet_lite0',
    weights: Optional[str] = None,
    size: int = 128,
    views: int = 1,
    precision: str = 'float32',
    batch_size: int = 64,
    workers: Optional[int] = None,
    device: Optional[str] = None,
    progress: Optional[Callable[[int, int], None]] = None,
) -> Bank:
    """Make, complete or renew a feature bank.

    What is known already is kept: a second call only reads, one after an interruption goes on, and one after a change
    of files or of the list does what changed. Another backbone, size, number of views or precision renews all. Images
    that cannot be read are listed with the reason, and the others are done. In a job of several ranks all of them must
    call it, with a folder that all see; each does its share.

    Args:
        paths (Sequence[str | Path] | Dataset): Image files, or a data set such as ``mmnoisy.PackedImages``.
        out (str | Path): Folder of the bank, of nothing else.
        labels (Sequence | dict, optional): (N,) class numbers, or columns of (N,) by name, the first the given labels;
            those of the data set where None.
        classes (Sequence[str], optional): Their names; those of the data set where None.
        backbone (str): See :class:`mmnoisy.models.PretrainedBackbone`. Defaults to ``'efficientnet_lite0'``.
        weights (str, optional): File of its weights. Defaults to None.
        size (int): Height and width that images are brought to. Defaults to 128.
        views (int): The plain image and ``views - 1`` random crops of it. Defaults to 1.
        precision (str): ``'float32'`` or ``'bfloat16'``, of the network; features are kept in float16.
            Defaults to ``'float32'``.
        batch_size (int): Images at a time. Defaults to 64.
        workers (int, optional): Threads that decode; one for each core where None.
        device (str, optional): Such as ``'cuda'``; a GPU where there is one if None.
        progress (Callable, optional): Called with the images done and all that there are to do, on rank 0.

    Returns:
        Bank: Read from ``out``. Its ``meta`` has ``computed``, the images that this or the last call that had any ran
        through the network, and ``seconds``.

    Raises:
        ValueError: A bad option, no images, labels of another number, a folder with other files, or a network that
            does not take images of this size; or another process is making the bank.
        ImportError: The package of the backbone is not installed.
    """
    out, start = Path(out), time.perf_counter()
    options = _options(backbone, weights, size, views, precision)
    if workers is not None and workers < 1:
        raise ValueError(f'feature bank: workers must be at least 1, not {workers!r}.')
    if batch_size < 1:
        raise ValueError(f'feature bank: batch_size must be at least 1, not {batch_size!r}.')
    images = as_images(paths)
    columns, classes = _columns(paths, labels, classes, len(images.names))
    network = _Network(backbone, weights, size, precision, device)
    with ExitStack() as stack:
        draft = Draft(_planned(out, options, images, network, stack))
        pending = draft.pending()
        barrier()  # No rank writes before all know what is to be done.
        own = pending[get_rank() :: get_world_size()].tolist()
        if own:
            _fill(draft, images, own, network, batch_size, workers, progress if is_main_process() else None)
            draft.flush()
        barrier()
        if is_main_process():
            seconds = time.perf_counter() - start
            finish(out, draft, columns, classes, computed=len(pending), seconds=round(seconds, 3))
            print_log(
                f'FeatureBank: {len(pending):,} of {len(images.names):,} images through {backbone} in {seconds:.1f} s '
                f'({len(pending) / seconds:.0f} a second), {(draft.status == UNREADABLE).sum()} unreadable: {out}',
                logger='current',
            )
    barrier()
    return read_bank(out)


class _Network:
    """The network, built when it is first needed: to read a finished bank needs none."""

    def __init__(self, name: str, weights: Optional[str], size: int, precision: str, device: Optional[str]):
        self.name, self.weights, self.size, self.dtype = name, weights, size, PRECISIONS[precision]
        self.device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        self._net: Any = None

    def num_features(self) -> int:
        return self._built().num_features

    @torch.inference_mode()
    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(B, size, size, 3) uint8, RGB -> (B, D) float32."""
        self._built()
        # Channels are last in memory already, and stay so.
        batch = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2).float()
        batch = batch.sub_(self._mean).div_(self._std)
        return self._quick(batch.to(self.dtype))[0].float().cpu().numpy()

    def _built(self) -> Any:
        if self._net is None:
            net = build_backbone(self.name, self.weights).eval()
            try:
                quick = folded(net, self.size)
            except Exception as error:
                raise ValueError(
                    f'feature bank: the backbone {self.name} does not take images of {self.size} px '
                    f'({str(error).splitlines()[0] if str(error) else type(error).__name__}). It was made for '
                    f'{net.image_size} px.'
                ) from error
            self._quick = quick.to(self.device, self.dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._mean, self._std = (torch.tensor(v, device=self.device).view(3, 1, 1) for v in (net.mean, net.std))
            self._net = net
        return self._net


def _fill(draft: Draft, images, rows: List[int], network: _Network, batch_size: int, workers, progress) -> None:
    """Run the images of these rows through the network, a batch at a time, while others are decoded."""
    views, done = draft.features.shape[0], 0
    for batch in _batches(images, rows, network.size, views, batch_size, workers):
        good, pictures, digests = [], [], []
        for row, result in batch:
            if isinstance(result, str):
                draft.refuse(row, result, get_rank())
            else:
                good.append(row)
                pictures.append(result[0])
                digests.append(result[1])
        if good:
            features = np.stack([network(np.stack([picture[v] for picture in pictures])) for v in range(views)])
            # The largest float16; a NaN is not below it either.
            finite = (np.abs(features) < 65504).all((0, 2))
            for row in np.array(good)[~finite].tolist():
                draft.refuse(row, 'the network gives features that are not finite for it.', get_rank())
            chosen = np.flatnonzero(finite)
            draft.write([good[i] for i in chosen], features[:, chosen], [digests[i] for i in chosen])
        done += len(batch)
        if progress is not None:
            progress(done, len(rows))


def _batches(images, rows, size, views, batch_size, workers) -> Iterator[List[Tuple[int, Any]]]:
    """Rows with their views (V, size, size, 3) and fingerprint, or with the reason why there are none."""

    def load(row: int):
        try:
            # Twice the size is left to be scaled down with care.
            image, seed = images.read(row, at_least=2 * size)
            return np.stack([image_view(image, size, number, seed) for number in range(views)]), seed
        except Exception as error:  # Whatever it is, the other images are done.
            return str(error).removeprefix(f'{images.names[row]}: ') or type(error).__name__

    # Decoding and scaling run outside Python's lock, so threads are enough and nothing is copied between processes.
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        waiting = deque()
        for part in parts:
            waiting.append((part, [pool.submit(load, row) for row in part]))
            if len(waiting) > 2:
                yield _results(waiting.popleft())
        while waiting:
            yield _results(waiting.popleft())


def _results(batch) -> list:
    return [(row, future.result()) for row, future in zip(*batch)]


def _options(backbone: str, weights: Optional[str], size: int, views: int, precision: str) -> dict:
    if precision not in PRECISIONS:
        raise ValueError(f'feature bank: precision must be one of {", ".join(PRECISIONS)}, not {precision!r}.')
    for name, value in (('size', size), ('views', views)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f'feature bank: {name} must be a whole number of at least 1, not {value!r}.')
    known = 'published'
    if weights is not None:
        if not Path(weights).is_file():
            raise ValueError(f'backbone {backbone!r}: the file of weights {weights} does not exist.')
        digest = hashlib.sha256()
        with Path(weights).open('rb') as file:
            for block in iter(lambda: file.read(2**20), b''):
                digest.update(block)
        known = digest.hexdigest()
    return dict(backbone=backbone, weights=known, size=size, views=views, precision=precision, transforms=TRANSFORMS)


def _planned(out: Path, options: dict, images, network: _Network, stack: ExitStack) -> Path:
    """Where rank 0 has planned the bank, which it locks; what fails there fails everywhere."""
    found: List[Any] = [None]
    if is_main_process():
        try:
            _check_folder(out)
            stack.enter_context(locked(out))
            found = [plan(out, options, images, network.num_features)]
        except Exception as error:
            found = [error]
    broadcast_object_list(found)
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ValueError(f'feature bank: {out} is a file; name a folder.')
    foreign = [p.name for p in out.glob('*') if not p.name.startswith(('data-', 'columns-', 'bank.json', 'lock'))]
    if foreign:
        raise ValueError(
            f'feature bank: the folder {out} holds other files, such as {sorted(foreign)[0]}. Name one of its own.'
        )


def _columns(source, labels, classes, size: int) -> Tuple[Dict[str, np.ndarray], Optional[List[str]]]:
    """Columns of labels by name and the names of the classes, from what was given or else from the data set."""
    if labels is None and hasattr(source, 'get_data_info'):
        labels = getattr(source, 'columns', None) or _dataset_labels(source)
    if classes is None and hasattr(source, 'get_data_info'):
        classes = source.metainfo.get('classes')
    columns = labels if isinstance(labels, dict) else {} if labels is None else dict(label=labels)
    columns = {name: np.asarray(values) for name, values in columns.items()}
    for name, values in columns.items():
        if values.shape != (size,) or values.dtype.kind not in 'iuU':
            raise ValueError(
                f'feature bank: {name} must be {size} class numbers or words, one for each image, not an array of '
                f'{values.dtype} of the shape {values.shape}.'
            )
        if values.dtype.kind in 'iu':
            columns[name] = values.astype(np.int64)
    return columns, None if classes is None else [str(name) for name in classes]


def _dataset_labels(dataset) -> Dict[str, np.ndarray]:
    infos = [dataset.get_data_info(row) for row in range(len(dataset))]
    names = [name for name in ('gt_label', 'clean_label') if name in infos[0]]
    return {name.replace('gt_', ''): np.array([info[name] for info in infos]) for name in names}
