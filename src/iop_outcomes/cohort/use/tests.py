"""What each test tells of use, once prescriptions, the specimen and the reason for a missing result are read.

In order: a result is negative, positive, or mixed where it is inconclusive; without one the test was missed, or excused
for its reason; a specimen that was tampered with, and a negative of a dilute one, are read as the study says; a test of
hair, which tells of months and of no day, is excused; a substance that a medication on record explains is no use of it,
or its test is excused. Tests of one person and day are then one: those of one substance that disagree by the study's
rule, and of several substances of a class any positive is one.

Nothing is refused: what cannot be had from the records (a reason, a specimen, a spell of a medication) is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.cohort.use import substances
from iop_outcomes.patterns.symbols import EXCUSED, MISSED, MIXED, NEGATIVE, POSITIVE, TESTED, State
from iop_outcomes.protocol import Use
from iop_outcomes.vocabulary import testing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# the state of a result, and of a reading that the study chooses
OF_RESULT = {testing.NEGATIVE: NEGATIVE, testing.POSITIVE: POSITIVE, testing.INCONCLUSIVE: MIXED}
OF_READING = {testing.AS_MISSED: MISSED, testing.AS_EXCUSED: EXCUSED, testing.AS_POSITIVE: POSITIVE}
# of a substance that a medication explains: which states become which. A test that is as if it had not been made was
# given all the same, so that it is excused and none was missed; a negative too, as a positive could not have counted
EXPLAINED = {"no_use": ((POSITIVE,), NEGATIVE), "not_tested": (TESTED, EXCUSED)}
# the state of a day on which several substances were tested for: the first of these that there is
FIRST = (POSITIVE, MIXED, NEGATIVE, MISSED, EXCUSED)


def read(screens: pd.DataFrame, medications: pd.DataFrame, use: Use) -> pd.DataFrame:
    """The tests with two columns more: `code`, the state of each (a code of `patterns.symbols`), and `covers`, the days
    in which its substance is found in its specimen.

    screens, medications: canonical tables, with people and days in one count. Substances get one spelling.
    """
    found = screens.assign(
        substance=substances.named(screens["substance"]),
        specimen=specimens(screens, use),
        validity=_filled(screens, "validity", testing.VALID.name),
    )
    code = _of_results(screens, use)
    code = np.where(found["validity"].isin(testing.TAMPERED), OF_READING[use.tampered].code, code)
    if use.dilute != testing.AS_WRITTEN:
        dilute = (found["validity"] == testing.DILUTE.name).to_numpy() & (code == NEGATIVE.code)
        code = np.where(dilute, OF_READING[use.dilute].code, code)
    code = np.where(found["specimen"].isin(testing.OF_MONTHS), EXCUSED.code, code)
    found = found.assign(covers=substances.longest_days(found["substance"], found["specimen"]))
    if use.prescribed != "use":
        of, becomes = EXPLAINED[use.prescribed]
        at = np.flatnonzero(np.isin(code, [state.code for state in of]))
        code[at[_prescribed(found.iloc[at], medications)]] = becomes.code
    return found.assign(code=code.astype(np.uint8))


def specimens(screens: pd.DataFrame, use: Use) -> pd.Series:
    """(n,) what was tested; the study's usual specimen where the records do not say."""
    return _filled(screens, "specimen", use.specimen)


def _filled(screens: pd.DataFrame, column: str, otherwise: str) -> pd.Series:
    import pandas as pd

    if column not in screens:
        return pd.Series(otherwise, index=screens.index, dtype=object)
    return screens[column].where(screens[column].notna(), otherwise)


def _of_results(screens: pd.DataFrame, use: Use) -> NDArray[np.int64]:
    """(n,) codes by result alone, and by the reason of one that is missing."""
    reason = _filled(screens, "reason", testing.NOT_TOLD.name)
    lacking = np.where(reason.isin(use.excused), EXCUSED.code, MISSED.code)
    code = screens["result"].map({result: state.code for result, state in OF_RESULT.items()})
    known = code.notna().to_numpy()
    return np.where(known, code.fillna(0).to_numpy("int64"), lacking)


def _prescribed(positive: pd.DataFrame, medications: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) whether a medication on record explains what was found."""
    if positive.empty or medications.empty:
        return np.zeros(len(positive), dtype=bool)
    named = substances.prescribed(medications["medication"])
    spells = medications[["person_id", "start_day", "end_day"]].iloc[named["at"]]
    spells = spells.assign(substance=named["substance"].to_numpy(), end_day=_ends(spells, named["lasts_days"]))
    wanted = positive[["person_id", "day", "substance"]].assign(
        at=np.arange(len(positive)), after=substances.explained_days(positive["substance"], positive["specimen"])
    )
    pairs = wanted.merge(spells, on=["person_id", "substance"])
    begun = pairs["day"] >= pairs["start_day"]
    until = pairs["end_day"].astype("float64").fillna(np.inf) + np.ceil(pairs["after"])
    covered = pairs.loc[(begun & (pairs["day"].astype("float64") <= until)).fillna(False).astype(bool), "at"]
    return np.isin(np.arange(len(positive)), covered.unique())


def _ends(spells: pd.DataFrame, lasts_days: pd.Series) -> pd.Series:
    """(n,) the last day of each spell; one of a single day is an administration, which lasts as long as it does."""
    end = spells["end_day"].astype("float64")
    lasting = spells["start_day"].astype("float64") + lasts_days.to_numpy("float64") - 1
    return end.mask((spells["start_day"] == spells["end_day"]).fillna(False).astype(bool), lasting)


def by_day(read: pd.DataFrame, wanted: str, conflicts: str) -> pd.DataFrame:
    """One row per person and day with a test of the class: person_id, day, code, covers (days of which the tests that
    had a result can tell, whatever it was: of several substances, those in which the one that is found longest is), and
    due_covers (the same of all that were due, given or missed).

    read: as `read` gives it. wanted: a class, a substance, or any. conflicts: as in the study's `use`.
    """
    own = read.loc[substances.of_class(read["substance"], wanted), ["person_id", "day", "substance", "code", "covers"]]
    told = own["code"].isin([state.code for state in TESTED])
    due = told | (own["code"] == MISSED.code)
    own = own.assign(covers=own["covers"].where(told, 0.0), due_covers=own["covers"].where(due, 0.0))
    single = own.drop_duplicates(["person_id", "day", "substance"])
    if len(single) < len(own):
        own = _one_each(own, conflicts)
    rank = np.full(256, len(FIRST), dtype=np.int64)
    rank[[state.code for state in FIRST]] = np.arange(len(FIRST))
    ordered = own.assign(rank=rank[own["code"].to_numpy()])
    days = ordered.groupby(["person_id", "day"], sort=False).agg(
        rank=("rank", "min"), covers=("covers", "max"), due_covers=("due_covers", "max")
    )
    codes = np.asarray([state.code for state in FIRST], dtype=np.uint8)
    days = days.assign(code=codes[days["rank"].to_numpy()]).reset_index()
    return days[["person_id", "day", "code", "covers", "due_covers"]]


def _one_each(tests: pd.DataFrame, conflicts: str) -> pd.DataFrame:
    """One row per person, day and substance: tests that disagree are mixed, or positive where any is."""
    seen = {state.name: (tests["code"] == state.code).to_numpy() for state in FIRST}
    keys = ["person_id", "day", "substance"]
    covers = tests[["covers", "due_covers"]]
    found = tests[keys].assign(**seen, **covers).groupby(keys, sort=False).max().reset_index()
    return found.assign(code=combined({state: found[state.name].to_numpy() for state in FIRST}, conflicts))


def combined(seen: dict[State, NDArray[np.bool_]], conflicts: str) -> NDArray[np.uint8]:
    """(n,) the state of what was seen together. seen: by state, whether a test of it is among them.

    Whatever a test told goes before one that was missed, and a missed one before one that is excused.
    """
    positive, negative, mixed = (seen[state] for state in (POSITIVE, NEGATIVE, MIXED))
    told = [POSITIVE, MIXED, NEGATIVE]
    unclear = mixed | (positive & negative)
    clear = [positive, mixed, negative] if conflicts == "any_positive" else [positive & ~unclear, unclear, negative]
    states = [*told, MISSED, EXCUSED]
    codes: NDArray[np.uint8] = np.select(
        [*clear, seen[MISSED], seen[EXCUSED]], [np.uint8(state.code) for state in states], np.uint8(0)
    )
    return codes.astype(np.uint8)
