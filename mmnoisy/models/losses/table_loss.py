from typing import Optional

import torch
from mmengine.dist import get_world_size
from torch import Tensor

from .robust_loss import check_numbers
from .state_loss import SampleStateLoss, gather_rows

_DTYPES = dict(float32=torch.float32, float16=torch.float16, bfloat16=torch.bfloat16)
#: Numbers that :meth:`SampleTableLoss.gather` holds as a dense float32 table at once.
_CHUNK = 2**24


class SampleTableLoss(SampleStateLoss):
    """Base of losses that learn K numbers for each training sample, a row of ``targets``; rows start at 0.

    A row takes K numbers in memory and in each checkpoint: in float32 2 MB for CIFAR-10, 20 MB for CIFAR-100 and 5 GB
    for ImageNet; half of it by ``dtype='float16'``. ``top_k`` keeps only the numbers of a row that are farthest from 0,
    with their classes (4 bytes each): 77 MB for ImageNet with ``top_k=10, dtype='float16'``. Formulas compute in float32
    whatever the storage is. A subclass uses :meth:`rows` and :meth:`write`; the rest is done here.

    :class:`mmnoisy.LossStateHook` is needed on several ranks (rows are gathered once an epoch) and to refuse resuming
    with other data.

    Args:
        num_classes (int): K.
        dtype (str): Storage: ``'float32'``, ``'float16'`` or ``'bfloat16'``. Defaults to ``'float32'``.
        top_k (int, optional): Numbers kept of each row, in 1..K; all where None. Defaults to None.
        **kwargs: See :class:`RobustLoss`.

    Raises:
        ValueError: A bad ``dtype`` or ``top_k``; a call without ``sample_idx``.
        RuntimeError: Several ranks without the hook; no memory for the table, with its size and the options that make it
            smaller.
    """

    targets: Tensor
    classes: Optional[Tensor]
    seen: Tensor

    def __init__(self, num_classes: int, dtype: str = 'float32', top_k: Optional[int] = None, **kwargs):
        super().__init__(**kwargs)
        name = type(self).__name__
        check_numbers(name, 1, num_classes=num_classes)
        if dtype not in _DTYPES:
            raise ValueError(f'{name}: dtype must be one of {", ".join(_DTYPES)}, not {dtype!r}.')
        if top_k is not None and not 1 <= top_k <= num_classes:
            raise ValueError(f'{name}: top_k must be in 1..{num_classes} (num_classes), not {top_k}.')
        self.num_classes, self.top_k = num_classes, top_k
        self.register_buffer('targets', torch.zeros(0, top_k or num_classes, dtype=_DTYPES[dtype]))
        # int16 would do for most, but neither gloo nor NCCL sends it.
        self.register_buffer('classes', None if top_k is None else torch.zeros(0, top_k, dtype=torch.int32))
        self.register_buffer('seen', torch.zeros(0, dtype=torch.bool), persistent=False)
        self.sample_state = ('targets',) if top_k is None else ('targets', 'classes')
        self.num_samples: Optional[int] = None

    def rows(self, sample_idx: Tensor) -> Tensor:
        """Rows of samples (B,), float32 or wider: (B, K).

        Raises:
            ValueError: ``sample_idx`` is None.
            RuntimeError: Several ranks without the hook.
        """
        self.check_index(sample_idx)
        if self.num_samples is None:
            if get_world_size() > 1:
                raise RuntimeError(
                    f'{type(self).__name__} needs its hook on several ranks: '
                    'custom_hooks=[dict(type="mmnoisy.LossStateHook")].'
                )
            self._grow(int(sample_idx.max()) + 1)
        values = self.targets[sample_idx]
        values = values.to(torch.promote_types(values.dtype, torch.float32))
        if self.classes is None:
            return values
        dense = values.new_zeros(len(values), self.num_classes)
        return dense.scatter_(1, self.classes[sample_idx].long(), values)

    def write(self, sample_idx: Tensor, rows: Tensor) -> None:
        """Store rows (B, K) of samples (B,)."""
        if self.classes is not None:
            classes = rows.abs().topk(self.top_k).indices
            self.classes[sample_idx] = classes.to(self.classes.dtype)
            rows = rows.gather(1, classes)
        self.targets[sample_idx] = rows.to(self.targets.dtype)
        self.seen[sample_idx] = True

    def learns(self) -> bool:
        """Whether rows may change now: in training mode with gradients only."""
        return self.training and torch.is_grad_enabled()

    def label_distribution(self, sample_idx: Tensor, label: Tensor) -> Tensor:
        """What is known of the label of samples (B,) with the given labels (B,): (B, K), NaN where nothing is."""
        raise NotImplementedError

    def set_num_samples(self, num_samples: int) -> None:
        self.num_samples = num_samples
        self._grow(num_samples)

    def gather(self) -> None:
        if get_world_size() > 1:
            # In parts: with top_k the dense table may be larger than the memory.
            for index in torch.arange(len(self.targets), device=self.targets.device).split(_CHUNK // self.num_classes):
                rows = self.rows(index)
                gather_rows(rows, self.seen[index])
                self.write(index, rows)
        self.seen.zero_()

    def _grow(self, size: int) -> None:
        known = len(self.targets)
        if size <= known:
            return
        for name in (*self.sample_state, 'seen'):
            old = getattr(self, name)
            try:
                # Zeros and a copy into them, not a concatenation: that would need twice the memory.
                new = old.new_zeros(size, *old.shape[1:])
            except (RuntimeError, MemoryError) as error:
                raise RuntimeError(self._too_large(name, old, size)) from error
            if known:
                new[:known] = old
            setattr(self, name, new)

    def _too_large(self, name: str, table: Tensor, size: int) -> str:
        width, item = table.size(-1), table.element_size()
        advice = [] if item < 4 else [f'dtype="float16" takes {size * width * 2 / 1e9:.3g} GB']
        if self.num_classes > 10 and (self.top_k is None or self.top_k > 10):
            # A number and its class.
            advice.append(f'top_k=10 takes {size * 10 * (item + 4) / 1e9:.3g} GB')
        return (
            f'{type(self).__name__}: {name}, {size} samples x {width} numbers of {str(table.dtype)[6:]}, takes '
            f'{size * width * item / 1e9:.3g} GB, which {table.device} does not have'
            + (f': {", ".join(advice)}.' if advice else '.')
        )

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        # The number of rows is the data set's, not the config's: take over the checkpoint's.
        saved = state_dict.get(prefix + 'targets')
        if saved is not None:
            self._grow(len(saved))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
