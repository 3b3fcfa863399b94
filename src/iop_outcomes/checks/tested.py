"""What a study says of tests that its records do not know: substances, sites of a schedule, medications, long runs;
and tests that cannot tell what is asked.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.checks.numbers import reached, shown
from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.symbols import EXCUSED, MISSED
from iop_outcomes.vocabulary import testing
from iop_outcomes.vocabulary.endpoints import ADMISSION, COMMUNITY, KINDS, PATTERN_TIMES

if TYPE_CHECKING:
    import pandas as pd

    from iop_outcomes.protocol import Endpoint, Use
    from iop_outcomes.release.policy import Policy
    from iop_outcomes.study.loaded import Loaded

# of a name that no test is of, how like a known one it is where it must be that, misspelt
SPELT_ALIKE = 0.8
# names of medications on a line; of more the number
NAMED = 8
CLOCK_SAID = {ADMISSION: "", COMMUNITY: ", from the return to the community"}


def stops(loaded: Loaded, screens: pd.DataFrame, people: pd.DataFrame) -> Iterator[str]:
    """What would stop a run, or let it answer about tests that nobody had: sites and substances that no test is of."""
    from iop_outcomes.cohort.use import schedule

    try:
        schedule.refuse_unknown_sites(people, loaded.study.use)
    except StudyError as wrong:
        yield str(wrong)
    yield from _substances([e for e in loaded.endpoints_of(*KINDS) if e.substance], screens)


def _substances(asked: list[Endpoint], screens: pd.DataFrame) -> Iterator[str]:
    """Endpoints of tests of a substance that no test is of, such as one that is misspelt; where there is no test at
    all, those that are nearly a known name.
    """
    from iop_outcomes.cohort.use import substances
    from iop_outcomes.patterns.definition import nearest

    listed = substances.known()
    known = {*listed.classes, *listed.named, *substances.named(screens["substance"]), substances.ANY}
    for endpoint in asked:
        wanted = endpoint.tests.substance
        if wanted in known:
            continue
        if len(screens) or difflib.get_close_matches(wanted.casefold(), map(str.casefold, known), 1, SPELT_ALIKE):
            yield (
                f"{endpoint.outcome}: no test is of the substance '{wanted}', and it is no class."
                f"{nearest(wanted, known)} Correct `substance` in the row of the endpoint library."
            )


def medications(spells: pd.DataFrame, rules: Policy) -> Iterator[str]:
    """Medications that are none of a substance that tests find: how many rows, and the names that enough people share.

    spells: the canonical table medications.
    """
    from iop_outcomes.cohort.use import substances

    told = spells["medication"].dropna().str.casefold().str.strip()
    other = told[~told.index.isin(told.index[substances.prescribed(told)["at"].unique()])]
    if other.empty:
        return
    people = spells.loc[other.index, "person_id"].groupby(other).nunique()
    shared = people[people >= max(rules.minimum_count, 1)].index
    rows = other[other.isin(shared)].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    said = [f"{name} {shown(int(count), rules)}" for name, count in rows.head(NAMED).items()]
    more = [f"and {len(rows) - NAMED} more"] if len(rows) > NAMED else []
    named = f" ({' '.join([', '.join(said), *more])})" if said else ""
    yield (
        f"medications: {shown(len(other), rules)} of {shown(len(told), rules)} rows name none that a test could "
        f"find{named}; a substance that is found beside them counts as use. Names are in "
        "data/reference/substance_classes.csv (`prescribed_as`)"
    )


def of_months(screens: pd.DataFrame, use: Use, rules: Policy) -> Iterator[str]:
    """How many tests are of specimens that tell of months, and so of no day and no interval. screens: canonical."""
    from iop_outcomes.cohort.use import tests

    specimen = tests.specimens(screens, use)
    for name in testing.OF_MONTHS:
        rows = int((specimen == name).sum())
        if rows:
            yield (
                f"{name}: {shown(rows, rules)} of {shown(len(screens), rules)} rows of screens. What is found in it "
                "was used in some one of the months before, so that these tests are excused, whatever they found"
            )


def untold(made: pd.DataFrame, use: Use, rules: Policy) -> Iterator[str]:
    """How many tests have a result and tell of no interval, as their substance is found for too short a part of it.

    made: the table use_patterns, where a test with a result is in no other interval that is excused or missed.
    """
    given = made[made["tests_taken"] > 0]
    for (substance, clock, thinned), own in given.groupby(["substance", "clock", "one_in_days"], sort=True):
        lost = own.loc[own["state"].isin([EXCUSED.name, MISSED.name]), "tests_taken"].sum()
        if not lost:
            continue
        which = f"{substance}{f', one in {thinned} days' if thinned else ''}{CLOCK_SAID[str(clock)]}"
        yield (
            f"{which}: {shown(int(lost), rules)} of {shown(int(own['tests_taken'].sum()), rules)} tests with a result, "
            f"whatever it is, as what they look for is found for less than {use.least_covered:.0%} of "
            f"{use.interval_days} days (`use.least_covered`). More tests an interval would tell, or tests of what is "
            "found for days, such as ethyl glucuronide for alcohol"
        )


def too_long(
    endpoint: Endpoint,
    own: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    made: pd.DataFrame,
    use: Use,
    rules: Policy,
) -> str:
    """That nobody has as many tests as a run takes, with the longest run that there could be, else ''.

    own: people from where the endpoint's clock starts. made: the table use_patterns.
    """
    from iop_outcomes.cohort import pattern_endpoints
    from iop_outcomes.cohort.use import asked

    if endpoint.kind in PATTERN_TIMES:
        run = max(row.span for row in endpoint.defined())
        try:
            due = pattern_endpoints.looked_at(own, made, use, endpoint)
        except StudyError:  # stops a run, and is told as what does
            return ""
    elif endpoint.run:
        run = endpoint.run
        tests = asked.of(asked.read(own, tables["screens"], tables["medications"], use), endpoint.tests, use).screens
        of_whom = tests.loc[tests["day"] >= endpoint.from_day, "person_id"]
        due = np.asarray(of_whom.value_counts(), dtype=np.int64)
    else:
        return ""
    if (due >= run).any():
        return ""
    longest, enough = reached(due, rules)
    more = f". The longest that can be asked about is of {longest}: {enough} or more had so many" if longest else ""
    return f", as its run of {run} tests is longer than anyone's tests{more}"


def early_look_backs(
    endpoint: Endpoint, horizon: int, own: pd.DataFrame, tables: Mapping[str, pd.DataFrame], rules: Policy
) -> str:
    """That interviews of an answer look back beyond where its clock starts, so that use before it counts, else ''.

    own: people from where the endpoint's clock starts.
    """
    from iop_outcomes.cohort import interviews
    from iop_outcomes.cohort.units import from_zero

    if not KINDS[endpoint.kind].told_by_screen:
        return ""
    nearest = interviews.nearest(from_zero(tables["followups"], own), endpoint, horizon)
    held = nearest[nearest["day"].notna()]
    early = int((held["lookback_days"] > held["day"]).sum())
    if not early:
        return ""
    return (
        f"; of {shown(len(held), rules)} interviews {shown(early, rules)} ask about days before its clock starts as "
        "well, and use on those days counts. The kind point_prevalence leaves such interviews out"
    )
