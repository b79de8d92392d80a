"""The trials of a search, best first: as rows, as ``leaderboard.csv``, and what is to be said about their order."""

import csv
from pathlib import Path
from typing import List, NamedTuple, Optional

from ..engine.hooks.validation_record_hook import objective
from ..files import replace_file
from ..functional.smoothing import best_epoch
from .choice import Choice, from_dict
from .judge import Noise, corrected_accuracy, estimated_noise, predictions, standard_error
from .judged import NOISY, Judged
from .trial import curve_of, on_fewer_folds, results, stopped_after


class Entry(NamedTuple):
    """A finished trial.

    Args:
        number (int): Of the trial.
        choice (Choice): What was tried.
        value (float): The objective: best smoothed accuracy on noisy validation, in which classes count alike, percent.
        corrected (float, optional): Clean accuracy by the estimated T; it ranks nothing.
        epoch (int): Of the objective.
        stopped (str, optional): How far it came where it was stopped: an epoch, or folds.
        seconds (float): Of training.
        folder (Path): Its folder.
        partial (bool): Judged on fewer folds than the others.
    """

    number: int
    choice: Choice
    value: float
    corrected: Optional[float]
    epoch: int
    stopped: Optional[str]
    seconds: float
    folder: Path
    partial: bool = False


class Board(NamedTuple):
    """Entries, best first, and sentences about how sure their order is."""

    entries: List[Entry]
    notes: List[str]


def leaderboard(out, judged: Judged = NOISY) -> Board:
    """The finished trials of a search.

    Args:
        out (str | Path): Its folder.
        judged (Judged): What judges the trials. Checked labels are not corrected.
    """
    found = [_entry(result) for result in results(out)]
    # On fewer folds an accuracy is another one: such trials stand last.
    found.sort(key=lambda entry: (entry.partial, -entry.value, entry.seconds, entry.number))
    if not found:
        return Board([], ['No trial has ended.'])
    noise = estimated_noise(predictions(found[0].folder))
    measured, clean = standard_error(found[0].value, noise)
    whole = [entry.value for entry in found if not entry.partial]
    notes = [*label_notes(noise, measured, clean, judged), *order_notes(whole, measured)]
    if judged.trusted:
        return Board(found, notes)
    return Board([entry._replace(corrected=_corrected(entry, noise.transition)) for entry in found], notes)


def label_notes(noise: Noise, measured: float, clean: float, judged: Judged) -> List[str]:
    """Sentences about the labels that judge, and the standard error of an accuracy on them."""
    shared = 'That of the difference of two trials, which share these images, is smaller.'
    if judged.trusted:
        return [
            f'Checked labels: {noise.n:,} judge the trials.',
            f'Standard error of an accuracy on them: {measured:.2f} points. {shared}',
        ]
    return [
        f'Noisy validation: {noise.n:,} labels, of which about {100 * noise.rate:.0f} % are wrong by the best trial; smallest '
        f'margin of T {noise.margin:.2f}. The classes count alike in its accuracy.',
        f'Standard error of an accuracy on it: {measured:.2f} points, about {clean:.2f} points of clean accuracy. {shared}',
    ]


def order_notes(values: List[float], error: float) -> List[str]:
    """Sentences about objectives, best first, in percent: which are equal, and whether their order says anything.

    Args:
        values (list[float]): Of all trials.
        error (float): Standard error of one, points.
    """
    notes, top = [], values[:5]
    equal = values.count(values[0])
    if equal > 1:
        notes.append(
            f'{equal} trials have the same best figure, {values[0]:.2f} %: of these the one of the shortest training stands first.'
        )
    apart = top[0] - top[-1]
    if len(top) > 1 and error > apart:
        how = f'differ by {apart:.2f} points, less than that error' if apart >= 0.005 else 'are equal'
        notes.append(
            f'Warning: the best {len(top)} trials {how}: their order says little. More validation labels say more than more '
            'trials.'
        )
    return notes


def _entry(result: dict) -> Entry:
    curve = curve_of(result)
    return Entry(
        number=int(result.get('number', -1)),
        choice=from_dict(result['choice']),
        value=objective(curve),
        corrected=None,
        epoch=best_epoch(curve, 3),
        stopped=stopped_after(result),
        seconds=result['seconds']['train'] or 0.0,
        folder=result['folder'],
        partial=on_fewer_folds(result),
    )


def _corrected(entry: Entry, transition) -> Optional[float]:
    found = predictions(entry.folder)
    return None if found is None else corrected_accuracy(found, transition)


def write_csv(board: Board, path, judged: Judged = NOISY) -> None:
    """``leaderboard.csv``: a row a trial; numbers of parts that it does not have are empty."""
    slots = list(board.entries[0].choice.parts) if board.entries else []
    numbers = sorted({name for entry in board.entries for name in entry.choice.numbers})
    with replace_file(path, newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        head = ('rank', 'trial', judged.column, 'corrected', 'epoch', 'stopped_after', 'seconds')
        writer.writerow((*head, *slots, *numbers))
        for rank, entry in enumerate(board.entries, 1):
            shown = (
                _rounded(entry.value),
                _rounded(entry.corrected),
                entry.epoch,
                entry.stopped,
                _rounded(entry.seconds),
            )
            parts = [entry.choice.parts[slot] for slot in slots]
            writer.writerow((rank, entry.number, *shown, *parts, *(entry.choice.numbers.get(name) for name in numbers)))


def _rounded(value: Optional[float]) -> Optional[float]:
    return None if value is None else round(value, 3)
