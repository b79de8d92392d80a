"""Timing the authors' DivideMix code, https://github.com/LiJunnan1992/DivideMix, in a folder of yours, on random images."""

import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def write_random_cifar(folder: Path, images: int) -> None:
    """Random images in CIFAR-10's format, ``images`` to train on and a fifth of them to test on."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in [*(f'data_batch_{part}' for part in range(1, 6)), 'test_batch']:
        size = images // 5
        content = dict(data=rng.integers(0, 256, (size, 3072), dtype=np.uint8), labels=(np.arange(size) % 10).tolist())
        with (folder / name).open('wb') as file:
            pickle.dump(content, file)


def time_official(code: Path, folder: Path, images: int, seconds: float, program: str = 'Train_cifar.py') -> dict:
    """Seconds of each epoch, by the times at which the code prints the accuracy after it.

    Args:
        code (Path): The folder with the code, which is copied.
        folder (Path): For the copy, the images and the output.
        images (int): Images to train on; the code takes CIFAR-10's 50,000 for granted in its reshaping.
        seconds (float): Time limit: the first ten epochs are warm-up, so it should allow for a dozen.
        program (str): What to run.

    Returns:
        dict: ``warmup`` and ``divided``, seconds of the epochs of each kind but the first of all; ``error`` where there are
        none.
    """
    shutil.copytree(code, folder / 'code', dirs_exist_ok=True)
    (folder / 'code' / 'checkpoint').mkdir(exist_ok=True)
    write_random_cifar(folder / 'images', images)
    options = ['--data_path', folder / 'images', '--dataset', 'cifar10', '--r', '0.5', '--noise_mode', 'sym']
    command = [sys.executable, '-u', program, *options]
    marks = [(time.monotonic(), '')]
    with (folder / 'log.txt').open('w') as log:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder / 'code', stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
        )
        try:
            divided = ''
            # The progress of an epoch is printed over and over: a line that does not end.
            for line in process.stdout:  # type: ignore[union-attr]
                log.write(line)
                divided = 'divided' if 'Labeled loss' in line else 'warmup' if 'CE-loss' in line else divided
                if 'Test Epoch' in line:
                    marks.append((time.monotonic(), divided))
                if time.monotonic() - marks[0][0] > seconds:
                    break
        finally:
            process.kill()
            process.wait()
    times = [(kind, later - before) for (before, _), (later, kind) in zip(marks[1:], marks[2:])]
    if not times:
        return dict(error=f'no two epochs in {seconds:.0f} s, see {folder / "log.txt"}')
    return {name: [took for kind, took in times if kind == name] for name in ('warmup', 'divided')}
