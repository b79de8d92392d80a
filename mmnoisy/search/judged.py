"""What judges the trials of a search, in words: noisy labels or checked ones, on one share of the data or on several."""

from typing import NamedTuple


class Judged(NamedTuple):
    """What texts have to know.

    Args:
        trusted (bool): Whether somebody has checked the labels. Defaults to False.
        folds (int): Disjoint shares of the data that can be held out; 1 where what judges is given apart. Defaults to 2.
    """

    trusted: bool = False
    folds: int = 2

    @property
    def by(self) -> str:
        """What the accuracies are of."""
        return 'checked labels' if self.trusted else 'noisy validation'

    @property
    def column(self) -> str:
        """The same as the heading of a column in a csv."""
        return self.by.replace(' ', '_')

    @property
    def again(self) -> str:
        """What is other in a training that confirms a trial."""
        return 'fresh seeds on other folds' if self.folds > 1 else 'fresh seeds'


#: Where nothing else is said.
NOISY = Judged()
