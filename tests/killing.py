"""Runs a function in a forked process that is killed at a given moment of its writing of files."""

import os
import resource
import signal
from pathlib import Path

#: Calls of ``os`` that change a folder, and whether a process dies before or after one.
MOMENTS = [(name, when) for name in ('fsync', 'replace', 'link', 'unlink') for when in ('before', 'after')]


def _die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(name: str, when: str, part_of_path: str) -> None:
    call = getattr(os, name)

    def deadly(target, *args, **kwargs):
        path = os.readlink(f'/proc/self/fd/{target}') if isinstance(target, int) else os.fspath(target)
        hit = part_of_path in path
        if hit and when == 'before':
            _die()
        result = call(target, *args, **kwargs)
        if hit:
            _die()
        return result

    setattr(os, name, deadly)


def killed(fn, moment, part_of_path: str = '') -> bool:
    """Fork, run ``fn()`` and die at a moment; returns whether it came to that.

    Args:
        fn: Called without arguments.
        moment: A pair of :data:`MOMENTS`, for the first such call on a path that holds ``part_of_path``, or an int: the
            process dies, within a write, at this size of a file.
        part_of_path (str): See above.
    """
    child = os.fork()
    if child == 0:
        try:
            if isinstance(moment, int):
                # The kernel's signal ends the process in the midst of its write.
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                resource.setrlimit(resource.RLIMIT_FSIZE, (moment, moment))
            else:
                _arm(*moment, part_of_path)
            fn()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


class FileLimit:
    """Within the block no file of this process can grow beyond a size, as on a full disk."""

    def __init__(self, size: int):
        self.size = size

    def __enter__(self):
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self._before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def no_parts(folder: Path) -> bool:
    """Whether no half-written file is left."""
    return not list(folder.glob('*.part'))
