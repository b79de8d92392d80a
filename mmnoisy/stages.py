"""Running a recipe of several stages, such as: measure the samples, drop the flagged ones, train on the rest.

``stages`` of the config is a list of dicts, run in order, each in ``<work_dir>/<number>_<name>``:

- ``dict(name=..., config=..., options={...})`` trains: ``config`` is a path relative to the recipe (the recipe itself
  where left out), ``options`` overwrite entries like ``--cfg-options``.
- ``dict(name=..., merge=[...])`` merges the ``samples.csv`` of the stages named.

``{name}`` in an option is the folder of that earlier stage, ``{name:weights}`` its newest complete checkpoint. A finished stage is
not run again: the same command after an interruption goes on with the unfinished stage, from its newest complete checkpoint.
"""

import copy
import gc
import hashlib
import json
import os.path as osp
import time
from pathlib import Path
from typing import Optional, Sequence

import torch
from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed, is_main_process

from .config import check_config, read_config
from .engine.checkpoints import newest_complete, resume_newest
from .evaluation.merging import merge_samples_csv
from .failures import run_tool
from .files import copy_file, write_json
from .run import build_runner, merge_args, parse_args


def stage_folders(stages, work_dir) -> dict:
    """``{name: folder}`` of each stage.

    Raises:
        SystemExit: A stage without a name, or two with the same one.
    """
    names = [stage.get('name') for stage in stages]
    if not names or None in names or len(set(names)) != len(names):
        raise SystemExit(f'stages: each stage needs a name of its own, not {names}.')
    return {name: Path(work_dir) / f'{number}_{name}' for number, name in enumerate(names)}


def fill(value, folders: dict):
    """Replace ``{name}`` in an option by the folder of that stage, and ``{name:weights}`` by its newest checkpoint.

    Raises:
        SystemExit: There is no such checkpoint.
    """
    if not isinstance(value, str):
        return value
    for name, folder in folders.items():
        if f'{{{name}:weights}}' in value:
            value = value.replace(f'{{{name}:weights}}', str(weights_of(folder)))
        value = value.replace('{' + name + '}', str(folder))
    return value


def weights_of(folder: Path) -> Path:
    """The newest checkpoint of a stage.

    Raises:
        SystemExit: There is none.
    """
    path, skipped = newest_complete(folder)
    if path is None:
        raise SystemExit(
            f'{folder} has no complete checkpoint, whose weights a later stage asks for. {" ".join(skipped)}'
        )
    return path


def stage_config(stage: dict, recipe: Config, args, folders: dict) -> Config:
    """Config of a training stage: its own, the command line's options, its options, in this order."""
    path = osp.join(osp.dirname(recipe.filename), stage['config']) if 'config' in stage else recipe.filename
    cfg = merge_args(read_config(path), args)
    cfg.pop('stages', None)
    # A copy: merging takes the `_delete_` out of what it merges.
    options = copy.deepcopy(stage.get('options') or {})
    cfg.merge_from_dict({key: fill(value, folders) for key, value in options.items()})
    return cfg


def fingerprint(content) -> str:
    """Tells whether a finished stage is the one that is asked for; paths are left out, so that a folder can move."""
    content = {
        key: value for key, value in content.items() if key not in ('work_dir', 'resume', 'load_from', 'launcher')
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def is_done(folder: Path, content) -> bool:
    """Whether the stage has been run.

    Raises:
        SystemExit: It was run with other settings.
    """
    marker = folder / 'done.json'
    if not marker.is_file():
        return False
    if json.loads(marker.read_text())['fingerprint'] != fingerprint(content):
        raise SystemExit(f'{folder} was run with other settings. Use another --work-dir, or delete it to run it again.')
    return True


def train(cfg: Config, folder: Path, noise: Optional[dict] = None) -> None:
    """Run a training stage, from its newest complete checkpoint where it was interrupted."""
    cfg.work_dir = str(folder)
    check_config(cfg)
    resume_newest(cfg)
    cfg.experiment_name = f'{folder.name}_{time.time_ns()}'
    runner = build_runner(cfg, noise)
    runner.train()
    del runner
    gc.collect()
    torch.cuda.empty_cache()


def by_judgement(folders: dict) -> list:
    """Names of the stages, the last one that prepares first: the final stage sees only what that one left."""
    *prepare, final = folders
    return [*reversed(prepare), final]


def write_summary(work_dir: Path, recipe: Config, folders: dict) -> None:
    """``summary.json`` of the recipe: the last stage's, with the first one's noise and the detection scores before it."""
    found = {name: folder / 'summary.json' for name, folder in folders.items()}
    stages = {name: json.loads(path.read_text()) for name, path in found.items() if path.is_file()}
    detections = [stages[name]['detection'] for name in by_judgement(folders) if stages.get(name, {}).get('detection')]
    summary = dict(stages.get(list(folders)[-1], {}), config=osp.basename(recipe.filename), stages=stages)
    summary['detection'] = detections[0] if detections else None
    summary['noise'] = next((stage['noise'] for stage in stages.values() if stage.get('noise')), None)
    summary['train_seconds'] = sum(stage.get('train_seconds', 0) for stage in stages.values())
    write_json(work_dir / 'summary.json', summary)


def run_stage(stage: dict, recipe: Config, args, folders: dict) -> None:
    """Run one stage unless it is done."""
    folder = folders[stage['name']]
    merge = stage.get('merge')
    content = stage if merge else stage_config(stage, recipe, args, {})
    if is_done(folder, content):
        print(f'Stage {folder.name} is done.')
        return
    if not merge:
        train(stage_config(stage, recipe, args, folders), folder, args.noise)
    barrier()
    if is_main_process():
        if merge:
            folder.mkdir(parents=True, exist_ok=True)
            paths = [folders[name] / 'samples.csv' for name in merge]
            scores = merge_samples_csv(paths, folder / 'samples.csv')
            write_json(folder / 'summary.json', dict(detection=scores or None))
            print(f'Stage {folder.name}: {scores}')
        write_json(folder / 'done.json', dict(fingerprint=fingerprint(content)))
    barrier()


def run_recipe(recipe: Config, args) -> None:
    """Run the unfinished stages of a recipe and put their result into its work dir."""
    if args.launcher != 'none' and not is_distributed():
        # Before the first runner: where only merging is left, no runner would do it.
        init_dist(args.launcher, **recipe.env_cfg.dist_cfg)
    work_dir = Path(recipe.work_dir)
    folders = stage_folders(recipe.stages, work_dir)
    for stage in recipe.stages:
        run_stage(stage, recipe, args, folders)
    if is_main_process():
        write_summary(work_dir, recipe, folders)
        for folder in map(folders.get, by_judgement(folders)):
            if (folder / 'samples.csv').is_file():
                for name in ('samples.csv', 'samples.csv.meta.json'):
                    copy_file(folder / name, work_dir / name)
                break


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Train from a config: one run, or all stages of a recipe."""
    args = parse_args(argv)
    cfg = merge_args(read_config(args.config), args)
    if cfg.get('stages'):
        run_recipe(cfg, args)
    else:
        check_config(cfg)
        if args.resume == 'auto':
            resume_newest(cfg)
        build_runner(cfg, args.noise).train()


if __name__ == '__main__':
    run_tool(main)
