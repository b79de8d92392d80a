"""Who runs what: one process a run, on this machine and on others that share the folder.

A run's folder is held by a file lock, which ends with its process, however that ends. Where locks do not reach other
machines, ``beat.json`` is looked at: its owner touches it every few seconds, and a run whose beat is :data:`STALE` seconds
old is anybody's. Times are those of the file system, as the clocks of machines differ.
"""

import json
import os
import socket
from pathlib import Path
from typing import Optional

from ..files import write_json
from ..folder_lock import hold_folder, release_folder

BEAT = 'beat.json'
#: Seconds after which a run without a beat is taken over.
STALE = 120.0


def take(folder) -> Optional[int]:
    """Take a run that is not finished.

    Returns:
        int | None: How many processes have begun it, this one included; None where another one has it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if hold_folder(folder):
        return None
    found = read_beat(folder)
    if found is not None and _alive(folder, found):
        release_folder(folder)
        return None
    attempt = (found or {}).get('attempt', 0) + 1
    _write(folder, attempt)
    return attempt


def beat(folder) -> None:
    """Say that the run goes on."""
    try:
        os.utime(Path(folder) / BEAT)
    except OSError:  # It was given back in this moment.
        pass


def put_off(folder) -> None:
    """Give a run back unfinished without its counting as one that died."""
    found = read_beat(folder) or {}
    _write(folder, max(0, found.get('attempt', 1) - 1), put_off=True)


def give_back(folder) -> None:
    """Give back a run that has its result."""
    (Path(folder) / BEAT).unlink(missing_ok=True)
    release_folder(folder)


def read_beat(folder) -> Optional[dict]:
    """Who has, or had, a run; None where nobody."""
    try:
        return json.loads((Path(folder) / BEAT).read_text())
    except (OSError, ValueError):
        return None


def is_held(folder) -> bool:
    """Whether a run goes on somewhere, as far as its beat tells."""
    found = read_beat(folder)
    return found is not None and _alive(Path(folder), found)


def _write(folder: Path, attempt: int, **more) -> None:
    write_json(Path(folder) / BEAT, dict(host=socket.gethostname(), pid=os.getpid(), attempt=attempt, **more))


def _alive(folder: Path, found: dict) -> bool:
    if found.get('put_off'):
        return False
    if found['host'] == socket.gethostname():
        return found['pid'] != os.getpid() and _runs(found['pid'])
    probe = folder / f'.now-{os.getpid()}'
    try:
        probe.touch()
        return probe.stat().st_mtime - (folder / BEAT).stat().st_mtime < STALE
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A killed process whose parent has not looked yet runs no more.
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except (OSError, IndexError):
        return True
