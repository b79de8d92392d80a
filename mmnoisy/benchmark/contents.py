"""What a run is, apart from where it runs: the text of its config, and a hash of it."""

import hashlib
import json
from pathlib import Path

#: Top-level entries of a config that do not change a run's figures.
APART = (
    'work_dir',
    'resume',
    'launcher',
    'log_level',
    'visualizer',
    'vis_backends',
    'log_processor',
    'experiment_name',
)
#: Types of hooks that watch or record a run and change none of its figures. FastStepHook does what the entry `fast` says.
RECORDING = (
    'IterTimerHook',
    'LoggerHook',
    'RuntimeInfoHook',
    'mmnoisy.FastStepHook',
    'mmnoisy.PredictionsHook',
    'mmnoisy.PreflightHook',
    'mmnoisy.RunGuardHook',
    'mmnoisy.TrainLogHook',
)


def config_text(content: dict) -> str:
    """A config as a Python file, one entry a line, in one order."""
    return ''.join(f'{key} = {content[key]!r}\n' for key in sorted(content))


def content_key(content: dict, extra: str = '') -> str:
    """16 hexadecimal digits that tell runs apart by what they compute.

    Args:
        content (dict): A config without places; see :func:`put_strings`.
        extra (str): What else makes the run another one, such as the data behind a place.
    """
    kept = {key: value for key, value in content.items() if key not in APART}
    hooks = kept.get('default_hooks') or {}
    hooks = {name: hook for name, hook in hooks.items() if hook is None or hook.get('type') not in RECORDING}
    if hooks:
        kept['default_hooks'] = hooks
    else:
        kept.pop('default_hooks', None)
    if not any((kept.get('fast') or {}).values()):
        kept.pop('fast', None)
    return hashlib.sha256((config_text(kept) + extra).encode()).hexdigest()[:16]


def put_strings(node, values: dict):
    """A copy of a config in which every string that is a key of ``values`` is replaced."""
    if isinstance(node, dict):
        return {key: put_strings(value, values) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(put_strings(value, values) for value in node)
    return values.get(node, node) if isinstance(node, str) else node


def data_identity(path) -> str:
    """Tells data apart: a feature bank by its checksums, another folder or file by names and sizes.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist.')
    bank = path / 'bank.json'
    if bank.is_file():
        meta = json.loads(bank.read_text())
        names = ('checksum', 'data', 'columns_file', 'num_images')
        return 'bank ' + ' '.join(str(meta.get(name)) for name in names)
    files = [path] if path.is_file() else sorted(file for file in path.rglob('*') if file.is_file())
    listed = '\n'.join(f'{file.relative_to(path).as_posix()} {file.stat().st_size}' for file in files)
    return 'files ' + hashlib.sha256(listed.encode()).hexdigest()[:16]
