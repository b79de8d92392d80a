"""One run a folder: a lock that ends with the process, however it ends."""

import os
import socket
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = '.lock'
#: Open lock files of this process. A lock of this kind is the process's, so its later runs pass, its workers hold nothing.
_held = {}


def hold_folder(folder) -> str:
    """Lock a folder for this process, until :func:`release_folder` or its end.

    Nothing is locked on Windows and on file systems without locks.

    Returns:
        str: Empty, or who holds the folder: ``'process 12 on host a'``.
    """
    path = (Path(folder) / NAME).resolve()
    if fcntl is None or path in _held:
        return ''
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open('a+')
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read(200).strip()
        file.close()
        return owner or 'an unknown process'
    except OSError:
        file.close()
        return ''
    file.truncate(0)
    file.write(f'process {os.getpid()} on host {socket.gethostname()}\n')
    file.flush()
    _held[path] = file
    return ''


def release_folder(folder) -> None:
    """Give a folder back; the file stays, as removing it would race with who waits for it."""
    file = _held.pop((Path(folder) / NAME).resolve(), None)
    if file is not None:
        file.close()
