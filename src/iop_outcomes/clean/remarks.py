"""What is told of rows that are kept as they are: nothing in them is wrong alone, and whoever reads them must know.

Of tests: one of a day on which another test of the same substance says otherwise, which the study's `use.conflicts`
reads; one without a result that is dated after the person's death, which `use.deaths` reads (with a result it is set
aside); one from before the first stay, which tells of the time before it and may be adjusted for. A row is counted
under the first that holds. Nothing is changed or refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from iop_outcomes.vocabulary.testing import TAKEN

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.clean.rules import Beside

Holds = Callable[["pd.DataFrame", "Beside"], "pd.Series"]

DISAGREE = "another test of the day disagrees"
AFTER_DEATH = "no result, and after death"
BEFORE = "before the first stay"
TEST = ["person_id", "day", "substance"]


def _disagree(screens: pd.DataFrame, passed: Beside) -> pd.Series:
    """True for tests with a result whose person, day and substance have another one."""
    import pandas as pd

    taken = screens.loc[screens["result"].isin(TAKEN), [*TEST, "result"]]
    distinct = taken.drop_duplicates()
    several = distinct.loc[distinct.duplicated(TEST), TEST]
    found = pd.Series(False, index=screens.index)
    if len(several):
        found.loc[taken.index] = pd.MultiIndex.from_frame(taken[TEST]).isin(pd.MultiIndex.from_frame(several))
    return found


def _after_death(screens: pd.DataFrame, passed: Beside) -> pd.Series:
    return screens["day"] > passed.of_person("death_day")


def _before(screens: pd.DataFrame, passed: Beside) -> pd.Series:
    return screens["day"] < passed.first_start()


# by table, what may be told of its rows, the first before the others
REMARKS: dict[str, tuple[tuple[str, Holds], ...]] = {
    "screens": ((DISAGREE, _disagree), (AFTER_DEATH, _after_death), (BEFORE, _before)),
}


def told(name: str, rows: pd.DataFrame, passed: Beside) -> pd.Series:
    """What is told of valid rows of a table, by index; rows of which nothing is are not in it."""
    import pandas as pd

    found = pd.Series(None, index=rows.index, dtype=object)
    for said, holds in REMARKS.get(name, ()):
        here = holds(rows, passed).fillna(False).astype(bool)
        found = found.mask(here & found.isna(), said)
    return found.dropna()
