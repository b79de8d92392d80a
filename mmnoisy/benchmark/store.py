"""The folder of a benchmark's output: ``runs/<key>/`` of each run, ``data.json`` with where its data lie, ``logs/``."""

import json
from pathlib import Path
from typing import Dict, List, Optional

from ..files import write_json
from .contents import data_identity
from .lease import is_held
from .run_cell import FAILED, RESULT, read_result
from .suite import Cell, Suite, declaration, read_suite

STATES = ('done', 'failed', 'running', 'open')


class Store:
    """A suite with its output.

    Args:
        suite (str | Path): The suite's file.
        out (str | Path): Folder of the output.
        paths (dict[str, str], optional): Where the data lie, by their names in the suite; those of the last command with
            this ``out`` where left out, else the places that stand in the configs.
        configs (Path, optional): Folder of the configs; the package's where None.

    Raises:
        ValueError: A name that the suite does not have, or a suite that cannot be read.
    """

    def __init__(self, suite, out, paths: Optional[Dict[str, str]] = None, configs: Optional[Path] = None):
        self.file, self.out, self.configs = Path(suite), Path(out), configs
        declared = declaration(suite)
        places = declared.get('paths', {})
        unknown = set(paths or {}) - set(places)
        if unknown:
            raise ValueError(
                f'{suite} has no data named {", ".join(sorted(unknown))}, only {", ".join(places) or "no data at all"}.'
            )
        self.data = self.out / f'data-{declared["name"]}.json'
        known = json.loads(self.data.read_text()) if self.data.is_file() else {}
        given = {name: str(Path(place).resolve()) for name, place in (paths or {}).items()}
        self.paths = {**places, **{name: entry['path'] for name, entry in known.items()}, **given}
        identities = {}
        for name, place in self.paths.items():
            try:
                identities[name] = data_identity(place)
            except FileNotFoundError:
                # Tables can be made where the data are not.
                identities[name] = known.get(name, {}).get('identity')
        self.missing = sorted(name for name, place in self.paths.items() if not Path(place).exists())
        self.identities = identities
        self.suite: Suite = read_suite(suite, identities, configs)

    @property
    def places(self) -> Dict[str, str]:
        """What is put in place of the configs' own names of the data."""
        return {place: self.paths[name] for name, place in self.suite.paths.items()}

    def remember(self) -> None:
        """Write down where the data lie."""
        write_json(
            self.data, {name: dict(path=path, identity=self.identities[name]) for name, path in self.paths.items()}
        )

    def folder(self, cell: Cell) -> Path:
        return self.out / 'runs' / cell.key

    def state(self, cell: Cell) -> str:
        """One of :data:`STATES`."""
        folder = self.folder(cell)
        if (folder / RESULT).is_file():
            return 'done'
        if (folder / FAILED).is_file():
            return 'failed'
        return 'running' if is_held(folder) else 'open'

    def forget_failures(self, cells: List[Cell]) -> None:
        """Let what failed be open again."""
        for cell in cells:
            (self.folder(cell) / FAILED).unlink(missing_ok=True)

    def results(self, cells: Optional[List[Cell]] = None) -> Dict[str, dict]:
        """Result of each cell that has one, by its key."""
        found = {cell.key: read_result(self.folder(cell)) for cell in cells or self.suite.cells}
        return {key: result for key, result in found.items() if result is not None}

    def estimates(self) -> Dict[str, Optional[float]]:
        """Seconds that a run of each method takes: the mean of finished ones, else what the suite says."""
        results = list(self.results().values())
        estimates = {}
        for cell in self.suite.cells:
            seen = [result['seconds']['total'] for result in results if result['method'] == cell.method]
            estimates[cell.method] = sum(seen) / len(seen) if seen else cell.seconds
        return estimates
