"""One no-grad pass over a data set, with results keyed by ``sample_idx`` and equal on all ranks."""

import copy
from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Dict, Optional

import torch
from mmengine.dataset import Compose
from mmengine.dist import all_reduce, all_reduce_params, get_rank, get_world_size
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import TRANSFORMS
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ..stamps import sample_indices
from .model_parts import unwrap
from .one_pass import OnePass

#: Without gradients a batch of this many times the training's takes no more memory, up to so many samples.
LARGER, LARGEST = 4, 1024

#: Maps (model, inputs (B, C, H, W), data_samples) to ``{name: (B, ...)}`` tensors.
Measure = Callable[[nn.Module, Tensor, list], Dict[str, Tensor]]


def sync_buffers(model: nn.Module) -> None:
    """Average floating point buffers over ranks.

    BatchNorm's running statistics differ between ranks, so the same sample would get another value on another rank.
    """
    if get_world_size() > 1:
        all_reduce_params((buffer for buffer in model.buffers() if buffer.is_floating_point()), op='mean')


def find_pipeline(dataset_cfg: dict) -> Optional[list]:
    """The pipeline of a dataset config, looked for inside wrappers."""
    while dataset_cfg:
        if dataset_cfg.get('pipeline'):
            return dataset_cfg['pipeline']
        dataset_cfg = dataset_cfg.get('dataset') or dataset_cfg.get('source')
    return None


def with_pipeline(dataset: Dataset, pipeline: list) -> Dataset:
    """A view of ``dataset`` (same annotations, no copy of them) that runs another pipeline."""
    view: Any = copy.copy(dataset)
    view.pipeline = Compose([TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline])
    return view


def precision(runner: Runner) -> ContextManager:
    """The context of a pass without gradients: autocast where, and as, training has it."""
    wrapper = runner.optim_wrapper
    if not isinstance(wrapper, AmpOptimWrapper):
        return nullcontext()
    return torch.autocast(next(runner.model.parameters()).device.type, dtype=wrapper.cast_dtype)


def sweep_loader(runner: Runner, dataset: Optional[Dataset] = None, rows: Optional[Tensor] = None) -> DataLoader:
    """Loader for a sweep: in order, each sample once over all ranks, test transforms.

    Args:
        runner (Runner): Gives the workers, the test transforms (those of ``test_dataloader``, else of ``val_dataloader``)
            and the batch size: four times that of training, up to 1,024.
        dataset (Dataset, optional): What to go over; the training set, with the test transforms, where None.

    Raises:
        ValueError: No test transforms in the config, or the training set is a concatenation, whose parts share
            ``sample_idx``.
    """
    cfg = copy.deepcopy(dict(runner.cfg.train_dataloader))
    if dataset is None:
        dataset = runner.train_dataloader.dataset
        test = runner.cfg.get('test_dataloader') or runner.cfg.get('val_dataloader')
        pipeline = find_pipeline(test['dataset']) if test else None
        if pipeline is None:
            raise ValueError(
                'A sweep over the training set needs the test transforms: set test_dataloader or val_dataloader '
                'with a pipeline.'
            )
        if not hasattr(dataset, 'pipeline'):
            raise ValueError(
                f'A sweep needs one data set with a pipeline, not {type(dataset).__name__}. To join data sets, '
                'put them inside: LabelNoise(source=dict(type="ConcatDataset", ...)).'
            )
        dataset = with_pipeline(dataset, pipeline)
    for key in ('batch_sampler', 'num_batch_per_epoch'):
        cfg.pop(key, None)
    workers = cfg.get('num_workers', 0)
    sampler: Any = dict(type='DefaultSampler', shuffle=False, round_up=False)
    if rows is not None:
        # With more ranks than rows some row is measured twice, which the mean over visits undoes.
        sampler = rows[get_rank() % len(rows) :: get_world_size()].tolist()
    size = cfg['batch_size']
    cfg.update(
        dataset=dataset,
        batch_size=max(size, min(LARGER * size, LARGEST)),
        sampler=sampler,
        drop_last=False,
        persistent_workers=workers > 0 and cfg.get('persistent_workers', False),
    )
    return Runner.build_dataloader(cfg, seed=runner.seed)


@torch.no_grad()
def sweep(
    model: nn.Module,
    loader: DataLoader,
    measure: Measure,
    rows: Optional[Tensor] = None,
    context: Optional[ContextManager] = None,
) -> Dict[str, Tensor]:
    """Measure every sample of a loader's data set.

    Collective: all ranks must call it. The model is in eval mode meanwhile, and each module's mode is restored.

    Args:
        model (nn.Module): Wrapped or not; the unwrapped model is called, as a :class:`OnePass`.
        loader (DataLoader): See :func:`sweep_loader`.
        measure (Callable): ``(model, inputs, data_samples) -> {name: (B, ...)}``. Reduce to what is needed: an
            (N, K) result is large at ImageNet's size.
        rows (Tensor, optional): The ``sample_idx`` that the loader goes over, (M,), ascending, where not all.
        context (ContextManager, optional): Entered for each batch, see :func:`precision`. Defaults to None.

    Returns:
        dict[str, Tensor]: ``{name: (N, ...)}`` on the CPU, row i for ``sample_idx`` i, floats in float32, equal on
        all ranks; ``{name: (M, ...)}``, row i for ``rows[i]``, where ``rows`` are given.

    Raises:
        RuntimeError: A sample was never seen, or seen with an index outside the data set.
    """
    model = unwrap(model)
    sync_buffers(model)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    size = len(loader.dataset if rows is None else rows)  # type: ignore[arg-type]
    device = next(model.parameters()).device
    count = torch.zeros(size, device=device)
    sums: Dict[str, Tensor] = {}
    kinds: Dict[str, torch.dtype] = {}
    network, context = OnePass(model), context or nullcontext()
    try:
        for batch in loader:
            data = model.data_preprocessor(batch, False)
            index = sample_indices(data['data_samples'], device)
            if rows is not None:
                index = torch.searchsorted(rows.to(device), index)
            with context:
                measured = measure(network, data['inputs'], data['data_samples'])  # type: ignore[arg-type]
            for name, value in measured.items():
                if name not in sums:
                    kinds[name] = value.dtype
                    # Integers are summed in float64: exact up to 2^53.
                    dtype = torch.float32 if value.is_floating_point() else torch.float64
                    sums[name] = torch.zeros(size, *value.shape[1:], device=device, dtype=dtype)
                sums[name].index_add_(0, index, value.to(sums[name]))
            count.index_add_(0, index, torch.ones_like(index, dtype=count.dtype))
    finally:
        for module, mode in modes.items():
            module.training = mode
    all_reduce(count)
    missing = (count == 0).nonzero()
    if len(missing):
        raise RuntimeError(
            f'{len(missing)} of {size} samples were never seen in a sweep, the first is sample_idx '
            f'{int(missing[0] if rows is None else rows[missing[0]])}: the loader or its pipeline drops samples.'
        )
    result = {}
    for name in sorted(sums):
        all_reduce(sums[name])
        mean = sums[name] / count.view(-1, *[1] * (sums[name].ndim - 1)).to(sums[name])
        result[name] = (mean if kinds[name].is_floating_point else mean.round().to(kinds[name])).cpu()
    return result
