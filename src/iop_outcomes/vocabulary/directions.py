"""Which way of an outcome is the better one: more people with it, or fewer; more days, or fewer.

Said of kinds of endpoints, and of leaving the index level by its cause. Where it is not said (a transfer, further care
after leaving), a margin has to say it itself.
"""

from __future__ import annotations

from iop_outcomes.vocabulary.causes import COMPLETED, DIED, UNPLANNED
from iop_outcomes.vocabulary.endpoints import KINDS, LEFT_INDEX
from iop_outcomes.vocabulary.kind import BEING_THERE
from iop_outcomes.vocabulary.measures import DISTRIBUTIONS

MORE, FEWER = "more", "fewer"
DIRECTIONS = (MORE, FEWER)
# ways of leaving the index level
OF_CAUSES = {UNPLANNED: FEWER, COMPLETED: MORE, DIED: FEWER}
# kinds whose event is something that nobody wants
_UNWANTED = ("readmitted", "death", "overdose", "first_use_between", "first_use")
# kinds of which more is better: being in care, engaging in it, answers and amounts that count abstinence
_WANTED = (
    *(name for name, kind in KINDS.items() if kind.answered == BEING_THERE),
    *(name for name, kind in KINDS.items() if kind.about_use and name not in _UNWANTED and not kind.of_patterns),
    "engaged",
)
OF_KINDS = dict.fromkeys(_WANTED, MORE) | dict.fromkeys(_UNWANTED, FEWER)


def better(kind: str, cause: str, measure: str) -> str:
    """The better way of what is measured, '' where it is not said. cause: of leaving, where the endpoint counts one.

    A ratio of times is better above 1 where the event is better missed.
    """
    found = OF_CAUSES.get(cause, "") if kind in LEFT_INDEX else OF_KINDS.get(kind, "")
    if measure in DISTRIBUTIONS and found:
        return MORE if found == FEWER else FEWER
    return found
