"""Files that are replaced whole: whoever reads one finds the old content or the new, never a part of it."""

import errno
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

#: Ends the name of a file that is being written.
PART = '.part'
#: What took time to make, or says why something failed: a folder with one of these is kept.
WORK = ('*.pth', 'history.csv', 'issues.csv', 'bank.json', 'result.json', 'failed.json')


def part_path(path) -> Path:
    """Where a file is written before it takes its name: beside it, one a process."""
    path = Path(path)
    return path.with_name(f'{path.name}.{os.getpid()}{PART}')


@contextmanager
def replace_file(path, mode: str = 'w', sync: bool = True, **options):
    """Write a file beside ``path`` and rename it at the end of the block; on an error the old file stays as it was.

    Args:
        path (str | Path): The file; its folder is made where there is none.
        mode (str): ``'w'`` or ``'wb'``. Defaults to ``'w'``.
        sync (bool): Wait until the disk has it, so that it outlives a loss of power too. A killed process loses nothing
            without it. Defaults to True.
        **options: See :func:`open`.

    Yields:
        IO: The open file.

    Raises:
        OSError: No space or over a limit of size; the message has the path.
    """
    path, part = Path(path), part_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open(mode, **options) as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        reason = full_disk(error)
        if reason is None:
            raise
        what = reason.strerror or str(reason)
        raise OSError(reason.errno, f'{path} could not be written, what was there is intact: {what}') from error
    if sync:
        _sync_folder(path.parent)


def write_text(path, text: str, sync: bool = True) -> None:
    """Replace a text file, UTF-8."""
    with replace_file(path, sync=sync, encoding='utf-8') as file:
        file.write(text)


def write_json(path, content) -> None:
    """Replace a json file."""
    write_text(path, json.dumps(content, indent=2) + '\n')


def copy_file(source, path) -> None:
    """Replace a file by a copy."""
    with open(source, 'rb') as file, replace_file(path, 'wb') as copy:
        shutil.copyfileobj(file, copy)


def link_file(source, path) -> None:
    """Replace a file by a second name of ``source``, or by a copy where the file system has no hard links."""
    part = part_path(path)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:
        copy_file(source, path)
        return
    os.replace(part, path)
    # Renaming does nothing where both already name one file.
    part.unlink(missing_ok=True)
    _sync_folder(Path(path).parent)


@contextmanager
def gone_if_refused(folder):
    """Where what is inside the block is refused, remove the folder that it made, unless there is work in it.

    A refusal is an error of data or options. It leaves no trace: the same command, corrected, finds the place as it was.
    """
    folder = Path(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError, ImportError, SystemExit):
        if folder in made and not any(any(folder.rglob(name)) for name in WORK):
            shutil.rmtree(folder, ignore_errors=True)
            for path in made[1:]:
                with suppress(OSError):  # Others may have begun something there.
                    path.rmdir()
        raise


def remove_parts(folder) -> None:
    """Remove what killed processes left half written. Only for a folder that no other process writes to."""
    for part in Path(folder).glob(f'*{PART}'):
        part.unlink(missing_ok=True)


def full_disk(error):
    """The error of a full disk that is, or is behind, ``error``: torch raises its own on top of it, numpy hides the number."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, None):
            return error
        error = error.__cause__ or error.__context__
    return None


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a loss of power."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders.
        return
    try:
        os.fsync(handle)
    except OSError:  # Nor do some network file systems sync them.
        pass
    finally:
        os.close(handle)
