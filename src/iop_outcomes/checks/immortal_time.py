"""Time that nobody could have died or left in: what a study's own definition counts before it can be known.

Told is what `check` prints, and nothing is refused here; a covariate measured after the start is refused by name, and a
horizon that does not lie after what it starts from too, when the study is loaded (`study.agreement`). In order:
exposures that are known only after follow-up has begun, and what stands beside them; arms that are told at the end;
eligibility by what came later; outcomes of those alone to whom something happened later; outcomes that look back to
before the exposure has ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from iop_outcomes.protocol import Endpoint, two_strategies
from iop_outcomes.study.loaded import Loaded
from iop_outcomes.vocabulary.endpoints import ADMISSION, KINDS
from iop_outcomes.vocabulary.kind import DAYS_PER_WEEK
from iop_outcomes.vocabulary.methods import (
    CLONE_CENSOR_WEIGHT,
    G_FORMULA,
    GENERALISED_PROPENSITY,
    NAIVE,
    OF_DOSES,
    UNADJUSTED,
)

# how long people are observed, from time zero and from day 0
OBSERVED = ("observed_days", "observed_to_day")
REPORTED, PERIOD = "reported_care", "period"


def lines(loaded: Loaded) -> list[str]:
    """What is to be known of a study, a sentence each; none where nothing is counted before it is known."""
    asked = (_stays, _strategies, _thresholds, _doses, _hours, _arms, _eligible, _chosen, _back)
    return [line for look in asked for line in look(loaded)]


def _methods(loaded: Loaded, comparison: str) -> set[str]:
    return {row.method for row in loaded.analyses if row.contrast == comparison}


def _stays(loaded: Loaded) -> Iterator[str]:
    for name, stay in loaded.study.durations.items():
        asked = _methods(loaded, name)
        if not asked & set(UNADJUSTED):
            continue
        fair = sorted(asked - set(UNADJUSTED))
        beside = f"beside it stands {', '.join(fair)}" if fair else "nothing fairer is asked for: add a landmark method"
        yield (
            f"durations.{name}: who stays {stay.days} days is known on day {stay.days}, and the naive rows count from "
            f"day 0. They are shown as a warning; {beside}. Strategies of staying (`strategies`) need no landmark."
        )


def _strategies(loaded: Loaded) -> Iterator[str]:
    for name in two_strategies(loaded.study):
        asked = _methods(loaded, name)
        room = "strategies" if name in loaded.study.strategies else "starting"
        if asked and CLONE_CENSOR_WEIGHT not in asked:
            yield (
                f"{room}.{name}: only those who happened to do so are compared, which is known when they have. Ask "
                f"for the method {CLONE_CENSOR_WEIGHT} as well."
            )


def _thresholds(loaded: Loaded) -> Iterator[str]:
    for name in loaded.study.thresholds:
        asked = _methods(loaded, name)
        if asked and CLONE_CENSOR_WEIGHT not in asked:
            yield (
                f"thresholds.{name}: a regression on the weeks that people happened to stay counts what made them "
                f"leave as an effect of leaving. Ask for the method {CLONE_CENSOR_WEIGHT} as well."
            )


def _doses(loaded: Loaded) -> Iterator[str]:
    for name in loaded.study.doses:
        asked = _methods(loaded, name)
        if asked and not asked & (set(OF_DOSES) - {NAIVE}):
            yield (
                f"doses.{name}: only those who happened to have such doses are compared, which is known once they "
                f"have. Ask for the method {G_FORMULA} as well."
            )


def _hours(loaded: Loaded) -> Iterator[str]:
    for name, setting in loaded.study.intensities.items():
        asked = _methods(loaded, name)
        if asked:
            yield (
                f"intensities.{name}: {setting.of} of the first {setting.window_days} days are known when these have "
                "passed, so that people who left before are in neither group."
            )
        if asked == {NAIVE}:
            yield (
                f"intensities.{name}: only those who happened to attend such hours are compared. Ask for the method "
                f"{GENERALISED_PROPENSITY} as well."
            )


def _arms(loaded: Loaded) -> Iterator[str]:
    for name, contrast in loaded.contrasts().items():
        if contrast.column == REPORTED:
            yield (
                f"contrasts.{name}: the arm is what people told at the end of the period (`{REPORTED}`), and counts "
                "from its beginning: whoever could not be asked is in no arm."
            )


def _eligible(loaded: Loaded) -> Iterator[str]:
    population = loaded.study.population
    for rule in loaded.rules:
        if rule.column in OBSERVED and rule.value.format(**population.model_dump()) != "0":
            yield (
                f"eligibility, rule '{rule.rule}': who is eligible hangs on how long people are observed "
                f"(`{rule.column}`). Those whose records end with a death, or with leaving, are not there for what "
                "came later: let the horizon tell who is not followed so far."
            )
    if population.unit == PERIOD:
        yield (
            "population.unit: a period counts where the interview at its end was held: whoever could not be found "
            "then is not there for what came later, and use or care may be why."
        )


def _chosen(loaded: Loaded) -> Iterator[str]:
    """Outcomes of people who left, or returned home: who they are follows from what is compared."""
    for outcome in dict.fromkeys(row.outcome for row in loaded.analyses):
        endpoint = loaded.endpoints[outcome]
        if KINDS[endpoint.kind].of_leavers:
            yield (
                f"{outcome}: it is of people who left, which is known when they have and may follow from the arm. Part "
                "of a difference is who left: read it beside how many did."
            )
        if endpoint.clock != ADMISSION:
            yield (
                f"{outcome}: days count from the return to the community, which comes after time zero and not to "
                "everyone. Part of a difference is who returned, and when: read it beside the same from time zero."
            )


def _back(loaded: Loaded) -> Iterator[str]:
    """Windows of outcomes that begin before the stay, or the window, that is compared has ended."""
    study = loaded.study
    ends = {name: s.days for name, s in study.durations.items()}
    ends |= {name: DAYS_PER_WEEK * one.decided for name, one in study.weekly.items()}
    ends |= {name: s.window_days for name, s in study.intensities.items()}
    asked = {(r.contrast, r.outcome, r.horizon_days) for r in loaded.analyses if r.contrast in ends}
    for name, outcome, day in sorted(asked):
        begins = _first_day(loaded.endpoints[outcome], day)
        if begins < ends[name]:
            yield (
                f"{outcome} on day {day}, of '{name}': the days that it may look at begin with day {begins}, before "
                f"day {ends[name]}, when what is compared has ended. Ask for a later day."
            )


def _first_day(endpoint: Endpoint, day: int) -> int:
    """The first day that an answer may be of, as far as its definition tells."""
    kind = KINDS[endpoint.kind]
    window = 0 if kind.changed else endpoint.window_days
    around = endpoint.tolerance_days if kind.nearest or kind.must_fill else 0
    return day - max(window, around)
