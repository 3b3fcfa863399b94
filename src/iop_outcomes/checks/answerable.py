"""Which questions of a study the records can answer, for how many people, and up to which day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.checks import tested
from iop_outcomes.checks.numbers import reached, shown
from iop_outcomes.cohort.use.asked import USUAL_GAP_DAYS
from iop_outcomes.errors import StudyError
from iop_outcomes.vocabulary.causes import CENSORED, NOT_AT_RISK
from iop_outcomes.vocabulary.endpoints import FOLLOWED, KINDS, OF_PATTERNS, STAYING, TIMED, WEEKLY

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.protocol import Endpoint
    from iop_outcomes.release.policy import Policy
    from iop_outcomes.study.loaded import Loaded

Tables = Mapping[str, "pd.DataFrame"]


def use_patterns(loaded: Loaded, tables: Tables, people: pd.DataFrame) -> pd.DataFrame:
    """The table use_patterns, of the tests of all endpoints that are answered by it."""
    from iop_outcomes.cohort import use

    asked = loaded.endpoints_of(*WEEKLY, *OF_PATTERNS)
    views = list({e.tests.model_dump_json(): e.tests for e in asked}.values())
    given = {name: tables[name] for name in ("persons", "stays", "screens", "followups", "medications")}
    study = loaded.study
    return use.run(people, **given, use=study.use, views=views, gap_days=study.care.gap_days)["use_patterns"]


def patterns(loaded: Loaded, tables: Tables, people: pd.DataFrame, made: pd.DataFrame, policy: Policy) -> Iterator[str]:
    """Endpoints of use patterns that would stop a run, such as one whose window is longer than anyone's follow-up.

    made: as `use_patterns` gives them.
    """
    from iop_outcomes.cohort import abstinence, pattern_endpoints
    from iop_outcomes.patterns.evaluate import TooShort

    rules, gap_days = loaded.study.use, loaded.study.care.gap_days
    dated = people.assign(death_day=abstinence.death_days(people, tables["persons"]))
    for endpoint in loaded.endpoints_of(*OF_PATTERNS):
        try:
            pattern_endpoints.run(dated, made, rules, [endpoint], loaded.horizons(), tables["stays"], gap_days)
        except TooShort as wrong:
            yield f"{endpoint.outcome}: {wrong}{longest_window(wrong.reach, policy)}"
        except StudyError as wrong:
            yield f"{endpoint.outcome}: {wrong}"


def questions(
    loaded: Loaded,
    tables: Tables,
    people: pd.DataFrame,
    made: pd.DataFrame,
    retention: pd.DataFrame,
    rules: Policy,
    gap_days: int = USUAL_GAP_DAYS,
) -> Iterator[str]:
    """For each outcome and horizon that the sheet asks for: whether the records can answer, and for how many people.

    Days are counted from where the endpoint's clock starts; of whose clock does not, nothing can be known. gap_days:
    as stays are linked to episodes.
    """
    from iop_outcomes.cohort import abstinence, clocks

    use = loaded.study.use
    dated = people.assign(death_day=abstinence.death_days(people, tables["persons"]))
    for outcome, horizons in loaded.horizons().items():
        endpoint = loaded.endpoints[outcome]
        if lacking := _lacking(endpoint, tables):
            yield f"{outcome}: cannot be answered{lacking}"
            continue
        if _by_window(endpoint) and not (answering := _answering(endpoint, tables["followups"])).all():
            yield (
                f"{outcome}: {shown(int((~answering).sum()), rules)} of {shown(len(answering), rules)} interviews ask "
                f"about another number of days than {endpoint.window_days}, and tell nothing of it"
            )
        everyone, own_clock = clocks.with_start(endpoint.clock, dated, tables["stays"], use, gap_days)
        if lacking := tested.too_long(endpoint, own_clock, tables, made, use, rules):
            yield f"{outcome}: cannot be answered{lacking}"
            continue
        observed = everyone["observed_days"].to_numpy()
        if endpoint.kind in TIMED:
            more = longest_day(observed, max(horizons), rules)
            yield f"{outcome}: times to an event, followed for at most {max(horizons)} days{more}"
            continue
        for day in horizons:
            known, more = observed >= day, longest_day(observed, day, rules)
            if endpoint.kind in FOLLOWED:
                own = retention[retention["follows"] == endpoint.followed]
                if own.empty:
                    yield f"{outcome} on day {day}: cannot be answered, as its event is recorded of no one"
                    continue
                known = (known | (own["cause"] != CENSORED).to_numpy()) & (own["cause"] != NOT_AT_RISK).to_numpy()
                more = "" if known.all() else more
                more += _within_an_interval(own, day, endpoint.kind in STAYING)
            more += tested.early_look_backs(endpoint, day, own_clock, tables, rules)
            by_then = f"{shown(int(known.sum()), rules)} of {shown(len(people), rules)}"
            yield f"{outcome} on day {day}: {by_then} can be known by then{more}"


def _lacking(endpoint: Endpoint, tables: Tables) -> str:
    """What an endpoint needs that the records do not hold, or ''."""
    from iop_outcomes.cohort import known_days
    from iop_outcomes.cohort.use import substances

    kind, screens = KINDS[endpoint.kind], tables["screens"]
    if empty := [name for name in kind.needs if tables[name].empty]:
        return f" without {' and '.join(empty)}"
    asked = endpoint.tests.substance
    if kind.screened and not substances.of_class(substances.named(screens["substance"]), asked).any():
        return f", as no test is of {asked}"
    if _by_window(endpoint) and screens.empty and not _answering(endpoint, tables["followups"]).any():
        return (
            f": no interview asks about {endpoint.window_days} days, give or take {known_days.LEEWAY_DAYS}, and there "
            "is no test. A longer look-back tells of no use, yet never that some was within the window, so that only "
            "one answer would be known. Set `window_days` to the look-back of the interviews"
        )
    return ""


def _by_window(endpoint: Endpoint) -> bool:
    """An interview answers it only where it asks about as many days."""
    return KINDS[endpoint.kind].told_twice and bool(endpoint.window_days)


def _answering(endpoint: Endpoint, followups: pd.DataFrame) -> pd.Series:
    """Of interviews held, which ask about the window of such an endpoint."""
    from iop_outcomes.cohort import known_days

    return known_days.covers(followups.loc[followups["day"].notna(), "lookback_days"], endpoint.window_days)


def longest_day(observed: NDArray[np.int64], day: int, rules: Policy) -> str:
    """Of a day to which fewer people are followed than may be shown: the last to which so many are, else ''.

    observed: (n,) days to which each is. The last day of a single person is told of no one.
    """
    last, enough = reached(observed, rules)
    if last is None or day <= last:
        return ""
    return f"; the longest day that can be asked about is day {last}: {enough} or more are followed to it"


def longest_window(reach: NDArray[np.int64], rules: Policy) -> str:
    """The week that as many people reach as may be shown, as a sentence, else ''. reach: (n,) the last week of each."""
    last, enough = reached(reach, rules)
    return f" The longest window that {enough} or more are followed to ends with week {last}." if last else ""


def _within_an_interval(own: pd.DataFrame, day: int, later: bool) -> str:
    """That lengths of stay are intervals of which one holds the day, where it is so."""
    open_on = (own["days"] + later <= day) & (day < own["days_latest"] + later)
    return "; lengths of stay are intervals, and the day lies within one" if open_on.any() else ""
