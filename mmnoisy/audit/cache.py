"""Results of an audit's phases on the disk: a killed audit goes on with what is there, a second one only reads."""

import hashlib
import json
import os
from pathlib import Path
from typing import Callable, Dict

import numpy as np


def fingerprint(*parts) -> str:
    """Hash of arrays and of what JSON can hold."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f'{part.dtype}{part.shape}'.encode() + np.ascontiguousarray(part).tobytes())
        else:
            found.update(json.dumps(part, sort_keys=True, default=str).encode())
    return found.hexdigest()


def cached(path: Path, key: str, compute: Callable[[], Dict[str, np.ndarray]]) -> Dict[str, np.ndarray]:
    """Arrays that were computed for ``key`` before, or are computed now and kept.

    A file of another key, or one that cannot be read, is replaced.
    """
    known = read_arrays(path, key)
    if known is not None:
        return known
    arrays = compute()
    write_arrays(path, key, arrays)
    return arrays


def read_arrays(path: Path, key: str):
    """The arrays, or None where there is no such file for this key."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in content.files if name != 'key'} if content['key'] == key else None
    except Exception:  # A damaged file counts as none: what it held is computed anew.
        return None


def write_arrays(path: Path, key: str, arrays: Dict[str, np.ndarray]) -> None:
    """Replace the file as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    with part.open('wb') as file:
        np.savez(file, key=np.array(key), **arrays)  # type: ignore[arg-type]
    os.replace(part, path)


def replace_text(path: Path, text: str) -> None:
    """Write a text file beside and rename it."""
    part = path.with_name(path.name + '.part')
    part.write_text(text, encoding='utf-8')
    os.replace(part, path)
