"""Kill a run at random moments, go on with the same command, and compare the end with that of an unbroken run.

    python tools/analysis_tools/kill_test.py CONFIG --kills 20 --work-dir kill_test

Each run is killed up to ``--per-run`` times by SIGKILL, at moments drawn evenly over the time that the unbroken run took; then
the command runs to its end. What must be equal: every figure of ``summary.json`` but times, ``history.csv``, ``samples.csv`` and
the weights of the last checkpoint.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import mmpretrain.models  # noqa: F401  (here, so that no fork needs seconds for it)
import torch

from mmnoisy.config import find_config
from mmnoisy.engine.checkpoints import newest_complete
from mmnoisy.stages import main as main_of_train

TIMES = ('train_seconds', 'evaluation_seconds', 'images_per_second')


def parse_args():
    parser = argparse.ArgumentParser(description='Kill a run at random moments and compare the end.')
    parser.add_argument('config', help="config file, or 'mmnoisy::<method>/<name>' for one of the package")
    parser.add_argument('--kills', type=int, default=20, help='kills in all; 20 by default')
    parser.add_argument('--per-run', type=int, default=5, help='kills of a run before it may end; 5 by default')
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments')
    parser.add_argument('--work-dir', default='kill_test', help='folder of the runs; kill_test by default')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='handed to the runs')
    return parser.parse_args()


def start(arguments, log) -> int:
    """Run ``tools/train.py`` in a fork of this process, which has imported everything; returns the fork's id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        main_of_train(arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(child: int, seconds: float) -> bool:
    """Wait for a fork for so long; returns whether it was over before, and kills it otherwise."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def finish(arguments, log) -> None:
    """Let the command run to its end.

    Raises:
        SystemExit: It ended with an error.
    """
    if os.waitpid(start(arguments, log), 0)[1] != 0:
        raise SystemExit(f'The command did not end well: see {log.name}')


def without_times(value):
    """A summary without what differs from run to run."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return value


def results(folder: Path) -> dict:
    """What a finished run left: ``{file: content}``."""
    found = {'summary.json': without_times(json.loads((folder / 'summary.json').read_text()))}
    for path in sorted(folder.rglob('*.csv')):
        found[str(path.relative_to(folder))] = path.read_text()
    for path in sorted(folder.rglob('last_checkpoint')):
        checkpoint, skipped = newest_complete(path.parent)
        state = torch.load(checkpoint, weights_only=True)['state_dict']
        found[f'{path.parent.relative_to(folder)}/{checkpoint.name}'] = {key: state[key].tolist() for key in state}
        found[f'{path.parent.relative_to(folder)}/damaged'] = skipped
        found[f'{path.parent.relative_to(folder)}/*.pth'] = sorted(file.name for file in path.parent.glob('*.pth*'))
    return found


def kill_and_finish(arguments, folder: Path, moments) -> int:
    """Kill the command after each of the moments (s), until it is over; then let it end. Returns the number of kills."""
    kills = 0
    with open(f'{folder}.log', 'w') as log:
        for moment in moments:
            if ended(start(arguments, log), moment):
                break
            kills += 1
            files = sorted(str(file.relative_to(folder)) for file in folder.rglob('*.pth*'))
            print(f'  killed after {moment:.1f} s, left: {", ".join(files) or "nothing"}', flush=True)
        finish(arguments, log)
    return kills


def main():
    args = parse_args()
    config, out = find_config(args.config), Path(args.work_dir)
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)

    def arguments(folder):
        options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
        return [config, '--work-dir', str(folder), '--resume', *options]

    begin = time.perf_counter()
    with (out / 'unbroken.log').open('w') as log:
        finish(arguments(out / 'unbroken'), log)
    seconds = time.perf_counter() - begin
    expected = results(out / 'unbroken')
    print(f'{config}: unbroken {seconds:.0f} s, {expected["summary.json"].get("test_accuracy_last")}', flush=True)
    draw, failed, kills, number = random.Random(args.seed), 0, 0, 0
    while kills < args.kills:
        moments = [draw.uniform(0, seconds) for _ in range(min(args.per_run, args.kills - kills))]
        folder = out / f'killed_{number}'
        number += 1
        kills += kill_and_finish(arguments(folder), folder, moments)
        found = results(folder)
        different = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        failed += bool(different)
        verdict = f'differs in {", ".join(different)}' if different else 'equal to the unbroken run'
        print(f'{folder.name}: {verdict} ({kills} kills so far)', flush=True)
    if failed:
        raise SystemExit(f'{failed} runs ended otherwise than the unbroken one.')


if __name__ == '__main__':
    main()
