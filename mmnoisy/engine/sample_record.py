"""What a run knows about each training sample: columns by ``sample_idx``, equal on all ranks."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from mmengine.dist import all_reduce, get_world_size, master_only
from mmengine.hooks import Hook
from torch import Tensor

from ..datasets.identity import check_sample_index
from ..datasets.label_file import checksum
from ..datasets.samples_file import write_samples_csv
from ..registry import HOOKS
from .model_parts import head_classes, unwrap
from .preflight import epochs_are_counted, refuse, too_late


class Column(NamedTuple):
    """A column of a record.

    Args:
        shape (tuple[int]): What follows N. Defaults to (): one value a sample.
        dtype (torch.dtype): Defaults to ``torch.float32``.
        reduce (str, optional): How the values of an epoch enter the record. ``'sum'``: all visits on all ranks are
            added to it. ``'last'``: this epoch's value replaces it (the larger one where two ranks saw the sample);
            samples that were not seen keep theirs. None: written as a whole by :meth:`SampleRecordHook.set`.
            Defaults to ``'sum'``.
    """

    shape: Tuple[int, ...] = ()
    dtype: torch.dtype = torch.float32
    reduce: Optional[str] = 'sum'

    def empty(self) -> float:
        """What an epoch's column holds for a sample that was not seen."""
        if self.reduce != 'last':
            return 0
        return float('-inf') if self.dtype.is_floating_point else torch.iinfo(self.dtype).min


@HOOKS.register_module()
class SampleRecordHook(Hook):
    """Base of hooks that measure samples. A subclass declares its columns and adds rows; the rest is done here.

    Each rank collects the rows of an epoch on its device; at the end of the epoch they are summed over ranks once into
    :attr:`record`, which is saved in checkpoints, resumed, and, where the subclass scores samples, written to
    ``<work_dir>/<file>`` at the end of the run. Memory is O(N) a column.

    A subclass sets :attr:`columns` (``name=()`` is short for ``name=Column(())``), calls :meth:`add` in
    ``after_train_iter`` or :meth:`set` after a sweep, and may override :meth:`score`, :meth:`issues`,
    :meth:`suggested_labels`, :meth:`groups` and, for what else it needs of a run, :meth:`preflight`. None of them may
    read ``clean_label``. Subclasses that override ``preflight``, ``before_train``, ``before_train_epoch`` or
    ``after_train_epoch`` call ``super()`` first. They find there :attr:`labels`, :attr:`num_classes` and
    :attr:`known`; one that begins after an attribute ``warmup_epochs`` is refused where training is not longer.

    Args:
        name (str, optional): Key in the checkpoint; the class name where None.
        file (str): Name of the file of the scores in ``work_dir``. Defaults to ``'samples.csv'``.

    Raises:
        ValueError: A ``file`` with folders.
        ValueError: Before training: an iteration-based loop, a data set whose ``sample_idx`` is not its row (such as
            ``ConcatDataset``), two hooks with the same name or file, or a checkpoint of other data.
    """

    #: Before SummaryHook (LOW) and CheckpointHook (VERY_LOW), which read the record.
    priority = 'BELOW_NORMAL'
    #: Whether samples are selected by :meth:`mmnoisy.engine.shared_sweep.SharedSweep.select`, which others may adjust.
    selects_by_sweep = False
    columns: Dict[str, Column] = {}

    def __init__(self, name: Optional[str] = None, file: str = 'samples.csv'):
        self.name = name or type(self).__name__
        if Path(file).name != file:
            raise ValueError(f'{self.name}: file={file!r} must be a name without folders: it is written into work_dir.')
        self.file = file
        self.columns = {key: c if isinstance(c, Column) else Column(tuple(c)) for key, c in self.columns.items()}
        #: (N, ...) tensors on the CPU, row i for ``sample_idx`` i, equal on all ranks.
        self.record: Dict[str, Tensor] = {}
        #: Single numbers that are saved with the record.
        self.scalars: Dict[str, float] = {}
        #: Whether the record has had any values yet, on all ranks alike; saved with it.
        self.known = False
        self._epoch_rows: Dict[str, Tensor] = {}
        self._stashed = None

    # What subclasses use and override.

    @property
    def num_samples(self) -> int:
        """N, the size of the training set."""
        return len(self.dataset)

    def add(self, index: Tensor, **values: Tensor) -> None:
        """Add rows of this rank to the epoch's columns.

        Args:
            index (Tensor): (B,) ``sample_idx``.
            **values (Tensor): (B, ...) for each column, all on one device.
        """
        for name, value in values.items():
            column = self.columns[name]
            value = value.detach().to(column.dtype)
            rows = self._epoch_column(name, value.device)
            index = index.to(value.device)
            if column.reduce == 'sum':
                rows.index_add_(0, index, value)
            else:
                rows[index] = value

    def set(self, **values: Tensor) -> None:
        """Replace whole columns, (N, ...) each, by values that are equal on all ranks (from a sweep)."""
        for name, value in values.items():
            column = self.columns[name]
            expected = (self.num_samples, *column.shape)
            if tuple(value.shape) != expected:
                raise ValueError(f'{self.name}: column {name!r} has the shape {expected}, not {tuple(value.shape)}.')
            self.record[name] = value.detach().to('cpu', column.dtype)
        self.known = True

    def score(self) -> Optional[Tensor]:
        """(N,) in [0, 1], low = suspicious, NaN = not judged; None as long as nothing is known. On the CPU."""
        return None

    def issues(self) -> Tensor:
        """(N,) bool: which labels are taken for wrong. By default a score below 0.5."""
        return self.score() < 0.5

    def suggested_labels(self) -> Optional[Tensor]:
        """(N,) integers, or None where the method suggests no labels."""
        return None

    def groups(self) -> Optional[Tensor]:
        """(N,) int64, the group of each sample, 0 = the easiest; None as long as there are none, or ever."""
        return None

    def preflight(self, runner) -> List[str]:
        """What is wrong with the run for this hook, found before anything is measured."""
        problems = epochs_are_counted(self.name, runner)
        problems += too_late(self.name, 'warmup_epochs', getattr(self, 'warmup_epochs', 0), runner)
        return problems + self._index_problems(runner) + self._name_problems(runner)

    # Hook points.

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        # Also called for load_from and test; before_train knows whether this run resumes.
        self._stashed = checkpoint.get('sample_record', {})

    def before_train(self, runner) -> None:
        refuse(self.preflight(runner))
        self.dataset = runner.train_dataloader.dataset
        labels = np.asarray(self.dataset.get_gt_labels())
        self._labels_checksum = checksum(labels)
        #: Observed labels of the training set, (N,), int64.
        self.labels = torch.as_tensor(labels, dtype=torch.int64)
        #: K of the model's head, of the labels where it does not say.
        self.num_classes = head_classes(unwrap(runner.model)) or int(labels.max()) + 1
        self.record = {
            name: torch.zeros(self.num_samples, *column.shape, dtype=column.dtype)
            for name, column in self.columns.items()
        }
        if runner._resume and self._stashed is not None:
            self._restore(self._stashed)
        self._stashed = None

    def before_train_epoch(self, runner) -> None:
        self._epoch_rows.clear()

    def after_train_epoch(self, runner) -> None:
        # Every column on every rank, whatever was added: a collective must not depend on the data.
        for name, column in self.columns.items():
            if column.reduce is None:
                continue
            rows = self._epoch_column(name, 'cpu')
            if get_world_size() > 1:
                all_reduce(rows, 'sum' if column.reduce == 'sum' else 'max')
            rows = rows.cpu()
            self.known = self.known or bool((rows != column.empty()).any())
            if column.reduce == 'sum':
                self.record[name] += rows
            else:
                self.record[name] = torch.where(rows == column.empty(), self.record[name], rows)
        self._epoch_rows.clear()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint.setdefault('sample_record', {})[self.name] = dict(
            columns=dict(self.record), scalars=dict(self.scalars), labels=self._labels_checksum, known=self.known
        )

    def after_train(self, runner) -> None:
        if self.score() is not None:
            self._export(runner)

    # Private.

    def _epoch_column(self, name: str, device) -> Tensor:
        if name not in self._epoch_rows:
            column = self.columns[name]
            self._epoch_rows[name] = torch.full(
                (self.num_samples, *column.shape), column.empty(), dtype=column.dtype, device=device
            )
        return self._epoch_rows[name]

    @master_only
    def _export(self, runner) -> None:
        path = Path(runner.work_dir) / self.file
        write_samples_csv(path, self.dataset, self.score(), self.issues(), self.suggested_labels())
        runner.logger.info(f'{self.name}: the scores of the samples are in {path}')

    def _index_problems(self, runner) -> List[str]:
        dataset = runner.train_dataloader.dataset
        try:
            check_sample_index(dataset, self.name)
        except ValueError as error:
            return [str(error)]
        missing = f'{self.name} needs a training set with get_gt_labels(), not a {type(dataset).__name__}.'
        return [] if hasattr(dataset, 'get_gt_labels') else [missing]

    def _name_problems(self, runner) -> List[str]:
        records = [hook for hook in runner.hooks if isinstance(hook, SampleRecordHook)]
        writers = [
            hook for hook in records if type(hook).score is not SampleRecordHook.score and hook.file == self.file
        ]
        problems = []
        if sum(hook.name == self.name for hook in records) > 1:
            problems.append(f'Two hooks keep a sample record under the name {self.name!r}: give one another `name`.')
        elif self in writers and len(writers) > 1:
            names = ' and '.join(sorted(hook.name for hook in writers))
            problems.append(f'{names} would both write {self.file}: give one another `file`.')
        return problems

    def _restore(self, records: dict) -> None:
        if self.name not in records:
            raise ValueError(
                f'The checkpoint to resume has no sample record {self.name!r}, but {sorted(records) or "none"}. '
                'Resume with the hooks of the earlier run, or start anew.'
            )
        saved = records[self.name]
        missing = sorted(set(self.columns) - set(saved['columns']))
        if missing:
            raise ValueError(
                f'The sample record {self.name!r} of the checkpoint has no column {", ".join(map(repr, missing))}, but '
                f'{", ".join(sorted(saved["columns"])) or "none"}: it was written by another version of mmnoisy, or with '
                'other options of the hook. Resume with those, or start anew.'
            )
        for name, column in self.columns.items():
            size = len(saved['columns'][name])
            if size != self.num_samples:
                raise ValueError(
                    f'The sample record {self.name!r} of the checkpoint has {size} samples, the training set has '
                    f'{self.num_samples}. Resume with the same data, or start anew.'
                )
            self.record[name] = saved['columns'][name].to('cpu', column.dtype)
        if saved['labels'] != self._labels_checksum:
            raise ValueError(
                f'The sample record {self.name!r} of the checkpoint was made with other labels: resume with the '
                'same noise, seed and split, or start anew.'
            )
        self.scalars = dict(saved['scalars'])
        # Checkpoints from before there was a flag: what is still empty is zero or NaN.
        self.known = saved.get('known', any(bool(values.nan_to_num().any()) for values in self.record.values()))
