"""One sweep over the training set for all who want to know something of the same weights."""

from typing import Callable, Dict, List, Optional

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from .sweep import Measure, precision, sweep, sweep_loader

#: Makes of (runner, measure, loader, rows) the measure that a selecting hook has in its place. Collective.
Adjustment = Callable[[Runner, Measure, DataLoader, Optional[Tensor]], Measure]


class Request:
    """What somebody wants to know of the training set with certain weights, should a sweep take place anyhow.

    Args:
        measure (Callable): See :func:`mmnoisy.engine.sweep.sweep`.
        version (int): Which weights, see :attr:`SharedSweep.version`.
    """

    def __init__(self, measure: Measure, version: int):
        self.measure, self.version = measure, version
        #: What was measured, (N, ...) by name; None as long as there was no sweep of these weights.
        self.result: Optional[Dict[str, Tensor]] = None


class SharedSweep(Hook):
    """Goes over the training set for the hooks of a run; found by :func:`shared_sweep`.

    A hook that sweeps at the start of an epoch says so by :meth:`announce`. Who can wait for that leaves a request
    (:meth:`ask`), and the sweep of those weights answers it in the same pass.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        #: Number of the present weights: every training step, and whatever else changes them, advances it.
        self.version = 0
        self._due: List[Callable[[int], bool]] = []
        self._requests: List[Request] = []
        self._loader: Optional[DataLoader] = None
        self._adjust: Optional[Adjustment] = None

    def loader(self, runner: Runner) -> DataLoader:
        """The loader of the whole training set, one for all sweeps: its workers are started once."""
        if self._loader is None:
            self._loader = sweep_loader(runner)
        return self._loader

    def announce(self, due: Callable[[int], bool]) -> None:
        """Say in which epochs, from 0, a hook sweeps the whole training set before the first batch."""
        self._due.append(due)

    def expected(self, epoch: int) -> bool:
        """Whether a hook has announced a sweep for the start of ``epoch``, from 0."""
        return any(due(epoch) for due in self._due)

    def ask(self, measure: Measure) -> Request:
        """Have something measured with the present weights by the next sweep, if that comes before they change."""
        self._requests = [request for request in self._requests if request.version == self.version]
        self._requests.append(Request(measure, self.version))
        return self._requests[-1]

    def adjust_selection(self, adjust: Adjustment) -> None:
        """Have hooks that select samples (:meth:`select`) see adjusted predictions.

        Raises:
            ValueError: They are adjusted already.
        """
        if self._adjust is not None:
            raise ValueError('Two hooks would adjust the predictions by which samples are selected: leave one out.')
        self._adjust = adjust

    def select(self, runner: Runner, measure: Measure, rows: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """What ``measure`` gives for a hook that selects samples by it, adjusted where that was asked for. Collective.

        Args:
            runner (Runner): A run in training.
            measure (Callable): See :func:`mmnoisy.engine.sweep.sweep`.
            rows (Tensor, optional): The ``sample_idx`` to measure, (M,), ascending; all where None.

        Returns:
            dict[str, Tensor]: (N, ...), or (M, ...) of the rows, by name.
        """
        loader = self.loader(runner) if rows is None else sweep_loader(runner, rows=rows)
        if self._adjust is not None:
            measure = self._adjust(runner, measure, loader, rows)
        if rows is None:
            return self.run(runner, measure)
        return sweep(runner.model, loader, measure, rows, precision(runner))

    def run(self, runner: Runner, measure: Measure) -> Dict[str, Tensor]:
        """Sweep the training set with the runner's model: what ``measure`` gives, (N, ...) by name. Collective.

        Requests for these weights are answered too.
        """
        requests = [request for request in self._requests if request.version == self.version]
        measures = [measure, *(request.measure for request in requests)]

        def joined(*batch) -> Dict[str, Tensor]:
            return {f'{i}/{name}': value for i, part in enumerate(measures) for name, value in part(*batch).items()}

        found = sweep(runner.model, self.loader(runner), joined, context=precision(runner))
        parts: List[Dict[str, Tensor]] = [{} for _ in measures]
        for key, value in found.items():
            number, name = key.split('/', 1)
            parts[int(number)][name] = value
        for request, part in zip(requests, parts[1:]):
            request.result = part
        self._requests = []
        return parts[0]

    def advance(self) -> None:
        """Note that the weights are others now."""
        self.version += 1

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.advance()


def shared_sweep(runner: Runner) -> SharedSweep:
    """The run's :class:`SharedSweep`; registered with the first call."""
    found = next((hook for hook in runner.hooks if isinstance(hook, SharedSweep)), None)
    if found is None:
        found = SharedSweep()
        # Of the lowest priority, it comes last: the runner may be going through its hooks.
        runner.register_hook(found)
    return found
