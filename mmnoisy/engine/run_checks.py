"""What is checked of every run before its first batch; each check gives a list of problems, in whole sentences."""

import tempfile
from typing import Dict, List, Optional

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import EMAHook
from mmpretrain.models import MultiLabelClsHead, MultiTaskHead
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..datasets.labels import ONE_LABEL
from ..models.classifiers.elr_plus import ELRPlus
from ..models.losses.sop_loss import SOPLoss
from .model_parts import unwrap
from .preflight import caught, kept_random_state, training_inputs

SEVERAL_LABELS = (MultiLabelClsHead, MultiTaskHead)


def batch_problems(runner) -> List[str]:
    """Loaders that give no batch."""
    problems = []
    names = dict(train='training', val='validation')
    for part, name in names.items():
        if part == 'val' and not runner.val_loop:
            continue
        loader = runner.train_dataloader if part == 'train' else runner.val_dataloader
        if len(loader) == 0:
            problems.append(
                f'There would be no batch: the {name} set has {len(loader.dataset)} samples for {get_world_size()} '
                f'rank(s), and {part}_dataloader has batch_size={loader.batch_size} and drop_last={loader.drop_last}. '
                'Lower batch_size, or set drop_last=False.'
            )
    return problems


def stage_problems(runner) -> List[str]:
    """A recipe of several stages that runs as one training."""
    if not runner.cfg.get('stages'):
        return []
    names = ', '.join(str(stage.get('name')) for stage in runner.cfg.stages)
    return [
        f'The config is a recipe of several stages ({names}), and this trains without them: run it by '
        "mmnoisy's tools/train.py, or set stages=None to train the config alone."
    ]


def work_dir_problems(runner) -> List[str]:
    """A work dir that cannot be written to."""
    try:
        with tempfile.TemporaryFile(dir=runner.work_dir) as file:
            file.write(b'0')
    except OSError as error:
        return [f'The work dir {runner.work_dir} cannot be written to ({error.strerror}): choose another work_dir.']
    return []


def data_classes(dataset) -> Optional[int]:
    """K of a data set that names its classes, with the class of threshold samples; None where it names none."""
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    if not classes:
        return None
    return len(classes) + (getattr(dataset, 'threshold_mask', None) is not None)


def declared_classes(model: nn.Module) -> Dict[str, int]:
    """``{option of the config: K}`` of the heads, the losses and, where it makes targets, the preprocessor."""
    found = {}
    for name, module in model.named_modules():
        parts, count = name.split('.'), getattr(module, 'num_classes', None)
        if not isinstance(count, int) or parts[0] in ('net2', 'ema1', 'ema2'):
            continue
        if 'head' in parts:
            option = name.replace('net1', 'network').replace('loss_module', 'loss')
            found[f'model.{option}.num_classes'] = count
        elif parts == ['data_preprocessor'] and (module.batch_augments or module.to_onehot):
            found['data_preprocessor.num_classes'] = count
    return found


def class_problems(runner) -> List[str]:
    """Numbers of classes that differ between the data, the head, the loss and the preprocessor."""
    dataset = runner.train_dataloader.dataset
    count, labels = data_classes(dataset), np.asarray(getattr(dataset, 'get_gt_labels', list)())
    least = int(labels.max()) + 1 if len(labels) else 0
    known = f'the training set has {count} classes' if count else f'the training set has the label {least - 1}'
    return [
        f'{option}={declared}, but {known}: set it to {count or least}.'
        for option, declared in declared_classes(unwrap(runner.model)).items()
        if declared != count and (count or declared < least)
    ]


def sample_problems(runner) -> List[str]:
    """Losses with fewer rows than the training set has samples."""
    dataset = runner.train_dataloader.dataset
    rows = np.asarray(getattr(dataset, 'source_idx', range(len(dataset))))
    needed = int(rows.max()) + 1 if len(rows) else 0
    return [
        f'SOPLoss: num_samples={module.num_samples}, but the training set counts {needed} samples: set it to {needed}.'
        for module in unwrap(runner.model).modules()
        if isinstance(module, SOPLoss) and module.num_samples < needed
    ]


def head_problems(runner) -> List[str]:
    """Heads of several labels an image."""
    return [
        f'model.{name} is a {type(module).__name__}, for several labels an image: {ONE_LABEL} Use a '
        'LinearClsHead or its like.'
        for name, module in unwrap(runner.model).named_modules()
        if isinstance(module, SEVERAL_LABELS)
    ]


def average_problems(runner) -> List[str]:
    """A second average of weights over ELR+'s own."""
    if isinstance(unwrap(runner.model), ELRPlus) and any(isinstance(hook, EMAHook) for hook in runner.hooks):
        return ['ELRPlus keeps averages of its networks itself: take the EMAHook out of custom_hooks.']
    return []


def input_problems(runner) -> List[str]:
    """Samples that do not become what the model learns from, and a batch of one image under BatchNorm."""
    try:
        inputs = training_inputs(runner)
    except ValueError as error:
        return [str(error)]
    model = unwrap(runner.model)
    problems = caught(model.check_inputs, inputs) if hasattr(model, 'check_inputs') else []
    return problems + lone_image_problems(runner, inputs)


def lone_image_problems(runner, inputs: Tensor) -> List[str]:
    """A batch of one image where BatchNorm is left with one value for each channel, which has no variance."""
    loader = runner.train_dataloader
    if not loader.batch_size or loader.batch_sampler is None:
        return []
    last = len(loader.sampler) % loader.batch_size
    if loader.batch_size > 1 and (last != 1 or loader.drop_last):
        return []
    names = single_value_norms(unwrap(runner.model), inputs[..., :1, :, :, :])
    if not names:
        return []
    batch = 'batch_size=1' if loader.batch_size == 1 else f'The last batch of an epoch ({len(loader.sampler)} samples)'
    return [
        f'{batch} is one image, of which {len(names)} BatchNorm layers, the first is {names[0]}, would see a single '
        'value: set train_dataloader.drop_last=True or another batch_size.'
    ]


@torch.no_grad()
def single_value_norms(model: nn.Module, inputs: Tensor) -> List[str]:
    """Names of the BatchNorm layers that one image reaches with one value a channel, as far as it comes."""
    found, handles = [], []
    modes = {module: module.training for module in model.modules()}

    def watch(name):
        def look(module, args):
            if args[0].numel() == args[0].size(1):
                found.append(name)

        return look

    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm):
            handles.append(module.register_forward_pre_hook(watch(name)))
    try:
        # In eval mode: nothing is learnt, and a single value does no harm.
        model.eval()
        with kept_random_state():
            model(inputs[0] if inputs.ndim == 5 else inputs, mode='tensor')
    except Exception:  # The first batch will say what it is.
        pass
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return list(dict.fromkeys(found))


def split_problems(runner) -> List[str]:
    """Validation on samples that are trained on, or on another file than the one that was split."""
    if not runner.val_loop:
        return []
    train, val = runner.train_dataloader.dataset, runner.val_dataloader.dataset
    if getattr(val, 'part', None) != 'val':
        same = _without_pipeline(runner.cfg.train_dataloader) == _without_pipeline(runner.cfg.val_dataloader)
        return ['val_dataloader reads the samples that are trained on: give it data of its own.'] if same else []
    if not hasattr(train, 'source_idx'):
        return []
    if train.checksum != val.checksum or len(train.source) != len(val.source):
        return [
            f'train_dataloader and val_dataloader are parts of different data ({len(train.source)} and '
            f'{len(val.source)} samples): give both LabelNoise the same source (ann_file, data_root, ...).'
        ]
    shared = np.intersect1d(train.source_idx, val.source_idx)
    if len(shared):
        return [
            f'{len(shared)} of {len(val)} validation samples are trained on, the first is source_idx {shared[0]}: give '
            'the LabelNoise of train_dataloader and val_dataloader the same holdout, seed and noise, and '
            "part='train' and 'val'."
        ]
    return []


def _without_pipeline(loader: dict) -> dict:
    return {key: value for key, value in loader['dataset'].items() if key not in ('pipeline', 'test_mode')}


CHECKS = (
    batch_problems,
    stage_problems,
    work_dir_problems,
    class_problems,
    sample_problems,
    head_problems,
    average_problems,
    split_problems,
    input_problems,
)


def find_problems(runner) -> List[str]:
    """Everything that is wrong with a built run, by this module and by its hooks."""
    problems = [problem for check in CHECKS for problem in check(runner)]
    for hook in runner.hooks:
        problems += hook.preflight(runner) if hasattr(hook, 'preflight') else []
    return problems


def absent_classes(runner) -> List[str]:
    """Warnings: classes of the training set that no validation image is labelled as."""
    if not runner.val_loop:
        return []
    loaders = (runner.train_dataloader, runner.val_dataloader)
    train, val = (getattr(loader.dataset, 'gt_labels', None) for loader in loaders)
    if train is None or val is None:
        return []
    names = runner.train_dataloader.dataset.metainfo.get('classes')
    absent = [str(names[k]) if names and k < len(names) else str(k) for k in np.setdiff1d(train, val)]
    # The class of threshold samples is in training alone.
    if getattr(runner.train_dataloader.dataset, 'threshold_mask', None) is not None:
        absent = absent[:-1]
    if not absent:
        return []
    return [
        f'No validation image is labelled as {", ".join(absent)}: the validation accuracy, which chooses the best epoch, '
        'says nothing about these classes. Raise holdout, or collect more images of them.'
    ]
