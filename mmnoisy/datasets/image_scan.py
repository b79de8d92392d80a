"""Every image file decoded once, in parallel and cached: which cannot be read and why, and which are the same."""

import hashlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .image_reading import read_image

#: A longer image becomes gigabytes when its shorter edge is enlarged to the size of a network's input.
MAX_ASPECT = 100
#: Pixels that all threads together may hold: some 12 bytes each while an image is decoded and converted.
MAX_PIXELS_AT_ONCE = 48_000_000
_CACHE_FILE = 'image-scan-1.jsonl'


class ImageProblem(NamedTuple):
    """An image that training cannot use.

    Args:
        path (str): The file.
        reason (str): Why, without the path.
    """

    path: str
    reason: str


class ScanResult(NamedTuple):
    """What :func:`scan_images` found.

    Args:
        problems (list[ImageProblem]): In the order of the paths, each file once.
        digests (list[str | None]): (N,) equal for images with the same pixels; None where there is a problem.
        sizes (np.ndarray): (N, 2) int64, width and height as it is shown; 0 where there is a problem.
        cached (int): How many of the files did not have to be decoded.
    """

    problems: List[ImageProblem]
    digests: List[Optional[str]]
    sizes: np.ndarray
    cached: int


class _Seen(NamedTuple):
    """What is kept of a file: its size in bytes and its time of change, and what decoding it showed."""

    size: int
    mtime_ns: int
    width: int
    height: int
    digest: Optional[str]
    reason: Optional[str]


def scan_images(paths: Sequence[str], workers: Optional[int] = None, cache=None) -> ScanResult:
    """Decode every file once.

    Args:
        paths (Sequence[str]): (N,) files; one that is named twice is read once.
        workers (int, optional): Threads; Pillow decodes outside Python's lock. None: one a processor, at most 16.
        cache (str | Path, optional): Folder. What is found is appended to a file there as it is found, and a file of the
            same size and time of change is not decoded again: a scan that was killed goes on. None: no cache.

    Raises:
        ValueError: ``workers`` is not at least 1.
    """
    workers = min(16, os.cpu_count() or 1) if workers is None else workers
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f'scan_images: workers must be an integer of at least 1, not {workers!r}.')
    files = {path: os.path.abspath(path) for path in map(str, paths)}
    known = _read_cache(cache) if cache is not None else {}
    seen = {path: known.get(path) for path in files.values()}
    stale = [path for path, entry in seen.items() if entry is None or entry[:2] != _stamp(path)]
    with ThreadPoolExecutor(workers) as pool:
        fresh = zip(stale, pool.map(_Look(), stale))
        for path, entry in fresh if cache is None else _append(cache, fresh):
            seen[path] = entry
    entries = [seen[files[str(path)]] for path in paths]
    problems = [ImageProblem(path, seen[file].reason) for path, file in files.items() if seen[file].reason]
    sizes = np.array([(entry.width, entry.height) for entry in entries], dtype=np.int64).reshape(-1, 2)
    return ScanResult(problems, [entry.digest for entry in entries], sizes, len(files) - len(stale))


def check_shape(height: int, width: int) -> None:
    """Refuse an image that is too long for its width.

    Raises:
        ValueError: The longer edge is more than :data:`MAX_ASPECT` times the shorter one.
    """
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise ValueError(
            f'it is {width} x {height} pixels: no edge may be more than {MAX_ASPECT} times the other, since resizing its '
            'shorter edge would make it huge. Crop or remove it.'
        )


class _Look:
    """Decodes a file. Threads wait for each other where their images together would take too much memory."""

    def __init__(self):
        self._free = threading.Condition()
        self._held = 0

    def __call__(self, path: str) -> _Seen:
        pixels = _pixels(path)
        with self._free:
            self._free.wait_for(lambda: not self._held or self._held + pixels <= MAX_PIXELS_AT_ONCE)
            self._held += pixels
        try:
            return self._look(path, *_stamp(path))
        finally:
            with self._free:
                self._held -= pixels
                self._free.notify_all()

    @staticmethod
    def _look(path: str, size: int, mtime_ns: int) -> _Seen:
        try:
            image = read_image(path)
            height, width = image.shape[:2]
            check_shape(height, width)
        except (ValueError, MemoryError) as error:
            reason = str(error) or 'it does not fit into memory.'
            return _Seen(size, mtime_ns, 0, 0, None, reason.removeprefix(f'{path}: '))
        digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16, key=f'{height}x{width}'.encode())
        return _Seen(size, mtime_ns, width, height, digest.hexdigest(), None)


def _pixels(path: str) -> int:
    """Pixels by what the header says; 0 where it cannot be read."""
    from PIL import Image

    try:
        if not os.path.isfile(path):
            return 0
        with Image.open(path) as image:
            return image.size[0] * image.size[1]
    except Exception:  # read_image says what is wrong.
        return 0


def _stamp(path: str) -> Tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def _read_cache(folder) -> Dict[str, _Seen]:
    """Entries by path; a later line replaces an earlier one, and a damaged line is one that was never written."""
    known, path = {}, Path(folder, _CACHE_FILE)
    if not path.is_file():
        return known
    with path.open(encoding='utf-8', errors='replace') as file:
        for line in file:
            try:
                name, *entry = json.loads(line)
                known[name] = _Seen(*entry)
            except (ValueError, TypeError):
                continue
    return known


def _append(folder, fresh: Iterator[Tuple[str, _Seen]]) -> Iterator[Tuple[str, _Seen]]:
    """Hands on what was found, after adding it to the cache. What could not be read is looked at anew each time."""
    path = Path(folder, _CACHE_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('a', encoding='utf-8') as file:
        file.write('\n')  # After a line that a killed scan left half written.
        for name, entry in fresh:
            if entry.size >= 0:
                file.write(json.dumps([name, *entry]) + '\n')
            yield name, entry
