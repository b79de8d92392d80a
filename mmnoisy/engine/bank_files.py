"""The files of a feature bank while it is made: planned once, filled row by row, finished by one renaming.

``<bank>/data-<key>/`` holds the features, the state of each row and by what its image is recognised; ``bank.json`` names
the finished one. A draft that was left behind, and the bank before a change, give their rows to the next draft.
"""

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import numpy as np

from ..datasets.feature_bank import PENDING, READ, UNREADABLE, VERSION

try:
    import fcntl
except ImportError:  # Windows has no such locks.
    fcntl = None


class Draft:
    """A bank that is being filled. Rows are written in place: what was written survives the process.

    Args:
        folder (Path): Made by :func:`plan`.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.options = json.loads((folder / 'options.json').read_text())
        self.names: List[str] = json.loads((folder / 'names.json').read_text())
        self.features, self.status, self.stamps, self.digests = (
            np.load(folder / f'{name}.npy', mmap_mode='r+', allow_pickle=False)
            for name in ('features', 'status', 'stamps', 'digests')
        )

    def pending(self) -> np.ndarray:
        """Rows that are to be filled, ascending."""
        return np.flatnonzero(self.status == PENDING)

    def write(self, rows: List[int], features: np.ndarray, digests: List[int]) -> None:
        """Fill rows with their features (V, B, D) and fingerprints."""
        self.features[:, rows] = features
        self.digests[rows] = digests
        # Last: a row that counts as read is whole.
        self.status[rows] = READ

    def refuse(self, row: int, reason: str, rank: int) -> None:
        """Note that an image cannot be read. One file for each rank, one line for each image."""
        with (self.folder / f'errors-{rank}.jsonl').open('a') as file:
            file.write(json.dumps([row, reason]) + '\n')
        self.status[row] = UNREADABLE

    def errors(self) -> Dict[int, str]:
        """Reason by row, of the rows that cannot be read now."""
        found = {}
        for path in sorted(self.folder.glob('errors-*.jsonl')):
            for line in path.read_text().splitlines():
                try:
                    row, reason = json.loads(line)
                except ValueError:  # The line that the process was writing when it was ended.
                    continue
                found[row] = reason
        return {row: found.get(row, 'unknown') for row in np.flatnonzero(self.status == UNREADABLE).tolist()}

    def flush(self) -> None:
        """Bring all to the disk."""
        for array in (self.features, self.digests, self.status):
            array.flush()


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Refuse a second process that would make the same bank; the lock ends with the process, however that ends.

    Raises:
        ValueError: Another process is at it.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / 'lock').open('w') as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ValueError(f'feature bank: another process is making {out}. Wait for it.') from error
        yield


def plan(out: Path, options: dict, images, num_features: Callable[[], int]) -> Path:
    """The folder of the draft for these images and options, new or found, with all rows that are known already.

    Args:
        out (Path): Folder of the bank.
        options (dict): What features depend on; with ``views``.
        images: See :mod:`mmnoisy.engine.bank_images`.
        num_features (Callable): Gives D; called where no earlier folder says it.
    """
    stamps = images.stamps()
    key = hashlib.blake2b(json.dumps([options, images.names]).encode() + stamps.tobytes(), digest_size=8).hexdigest()
    folder = out / f'data-{key}'
    donors = [draft for draft in _drafts(out) if draft.options == options]
    if not (folder / 'planned').is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        size = donors[0].features.shape[2] if donors else num_features()
        _create(folder, options, images.names, stamps, size)
        for donor in donors:
            _take_over(Draft(folder), donor, images)
        # Last: without it the folder is planned anew.
        (folder / 'planned').touch()
    _try_again(Draft(folder), images)
    return folder


def finish(out: Path, draft: Draft, columns: Dict[str, np.ndarray], classes: Optional[List[str]], **info) -> None:
    """Make a filled draft the bank, and remove what it replaces."""
    draft.flush()
    fingerprint = hashlib.blake2b(digest_size=8)
    for name in columns:
        fingerprint.update(name.encode() + np.ascontiguousarray(columns[name]).tobytes())
    columns_file = f'columns-{fingerprint.hexdigest()}.npz'
    temporary = out / f'{columns_file}.new.npz'
    np.savez(temporary, **columns)  # type: ignore[arg-type]
    os.replace(temporary, out / columns_file)
    identity = json.dumps([draft.options, draft.names]).encode() + draft.digests.tobytes()
    meta = dict(
        version=VERSION,
        data=draft.folder.name,
        columns_file=columns_file,
        columns=list(columns),
        classes=classes,
        num_images=len(draft.names),
        num_features=draft.features.shape[2],
        errors={str(row): reason for row, reason in draft.errors().items()},
        checksum='blake2b:' + hashlib.blake2b(identity, digest_size=16).hexdigest(),
        **draft.options,
        **info,
    )
    write_json(out / 'bank.json', meta)
    for path in [*out.glob('data-*'), *out.glob('columns-*')]:
        if path.name not in (draft.folder.name, columns_file):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def write_json(path: Path, content) -> None:
    """Replace a json file whole."""
    temporary = path.with_name(path.name + '.new')
    temporary.write_text(json.dumps(content, indent=1))
    os.replace(temporary, path)


def _drafts(out: Path) -> List[Draft]:
    drafts = []
    for path in sorted(out.glob('data-*/planned')):
        try:
            drafts.append(Draft(path.parent))
        except (OSError, ValueError):  # A damaged one has nothing to give.
            continue
    return drafts


def _create(folder: Path, options: dict, names: List[str], stamps: np.ndarray, size: int) -> None:
    (folder / 'names.json').write_text(json.dumps(names))
    (folder / 'options.json').write_text(json.dumps(options))
    shape = (options['views'], len(names), size)
    np.lib.format.open_memmap(folder / 'features.npy', 'w+', np.float16, shape)
    np.save(folder / 'status.npy', np.full(len(names), PENDING, dtype=np.uint8))
    np.save(folder / 'digests.npy', np.zeros(len(names), dtype=np.int64))
    np.save(folder / 'stamps.npy', stamps)


def _take_over(draft: Draft, donor: Draft, images) -> None:
    """Rows of another draft whose image is the same."""
    known = {name: row for row, name in enumerate(donor.names) if donor.status[row] == READ}
    pairs = [(row, known[draft.names[row]]) for row in draft.pending().tolist() if draft.names[row] in known]
    pairs = [pair for pair in pairs if _same_image(draft, pair[0], donor, pair[1], images)]
    for start in range(0, len(pairs), 4096):
        rows, others = map(list, zip(*pairs[start : start + 4096]))
        draft.write(rows, donor.features[:, others], donor.digests[others])


def _same_image(draft: Draft, row: int, donor: Draft, other: int, images) -> bool:
    if np.array_equal(draft.stamps[row], donor.stamps[other]):
        return True
    if draft.stamps[row, 0] != donor.stamps[other, 0]:
        return False
    try:
        return images.digest(row) == donor.digests[other]
    except ValueError:
        return False


def _try_again(draft: Draft, images) -> None:
    """Rows that could not be read are open again where they can be now, such as after a change of permissions."""
    for row in np.flatnonzero(draft.status == UNREADABLE).tolist():
        try:
            images.read(row)
            draft.status[row] = PENDING
        except ValueError:
            continue
