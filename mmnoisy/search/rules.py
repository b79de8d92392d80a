"""What composes: declared once, in a space's file, each rule with its reason."""

import random
import zlib
from typing import Dict, List, NamedTuple, Optional, Sequence


class Rule(NamedTuple):
    """Parts of one slot and what they are not combined with in another.

    Args:
        slot (str): A slot.
        names (list[str]): Parts of it.
        other (str): Another slot.
        others (list[str]): Parts of it.
        only (bool): ``others`` are all that is allowed with ``names``; else they are what is not.
        because (str): Why.
    """

    slot: str
    names: List[str]
    other: str
    others: List[str]
    only: bool
    because: str

    def __str__(self) -> str:
        how = 'only with' if self.only else 'not with'
        return f'{self.slot}={"|".join(self.names)} {how} {self.other}={"|".join(self.others)} ({self.because})'

    def names_part(self, slot: str, name: str) -> bool:
        """Whether the rule speaks of a part."""
        return (slot == self.slot and name in self.names) or (slot == self.other and name in self.others)

    def breaks(self, parts: Dict[str, str]) -> bool:
        """Whether chosen parts are forbidden by it; a slot that is not filled breaks nothing."""
        if parts.get(self.slot) not in self.names or self.other not in parts:
            return False
        return (parts[self.other] in self.others) != self.only


def read_rules(declared: Sequence[dict]) -> List[Rule]:
    """Rules as a space's file has them.

    Raises:
        ValueError: A rule without one slot's parts, the other's, or a reason.
    """
    found = []
    for entry in declared:
        kinds = [key for key in ('only_with', 'not_with') if key in entry]
        if set(entry) != {'parts', 'because', *kinds} or len(kinds) != 1:
            raise ValueError(f'rules: {entry} is no rule: it needs parts, because, and one of only_with and not_with.')
        pairs = [list(entry[key].items()) for key in ('parts', kinds[0])]
        if any(len(pair) != 1 for pair in pairs):
            raise ValueError(f'rules: {entry} must name one slot in parts and one in {kinds[0]}.')
        (slot, names), (other, others) = pairs[0][0], pairs[1][0]
        found.append(Rule(slot, list(names), other, list(others), kinds[0] == 'only_with', entry['because']))
    return found


def broken(rules: Sequence[Rule], parts: Dict[str, str]) -> Optional[Rule]:
    """The first rule that chosen parts break; None where they compose."""
    return next((rule for rule in rules if rule.breaks(parts)), None)


def completes(rules: Sequence[Rule], slots: Dict[str, List[str]], parts: Dict[str, str]) -> bool:
    """Whether the slots that are not filled can be filled so that no rule is broken."""
    if broken(rules, parts):
        return False
    empty = next((slot for slot in slots if slot not in parts), None)
    return empty is None or any(completes(rules, slots, {**parts, empty: name}) for name in slots[empty])


def nearest(
    rules: Sequence[Rule], slots: Dict[str, List[str]], wanted: Dict[str, str], first: Sequence[str] = ()
) -> Dict[str, str]:
    """Parts that compose: as wanted, slot by slot; where that is forbidden, the first part of the slot that is not.

    The order of the slots is drawn from ``wanted`` itself, so that the same wish gives the same parts, and that of two slots
    which exclude each other neither always gives way: its parts would hardly ever be tried.

    Args:
        rules (Sequence[Rule]): What composes.
        slots (dict[str, list[str]]): Parts of each slot.
        wanted (dict[str, str]): A part for each slot.
        first (Sequence[str]): Slots that are filled before the others.
    """
    order = sorted(slots)
    random.Random(zlib.crc32(repr(sorted(wanted.items())).encode())).shuffle(order)
    found: Dict[str, str] = {}
    for slot in [*first, *(slot for slot in order if slot not in first)]:
        names = [wanted[slot], *(name for name in slots[slot] if name != wanted[slot])]
        found[slot] = next(name for name in names if completes(rules, slots, {**found, slot: name}))
    return {slot: found[slot] for slot in slots}
