"""The cohort's definition, tested with invented people before any real record is read.

In order: the people of the file become canonical tables; they are cleaned, linked, judged by the eligibility rules, put
into arms and followed by the very steps that real records go through; what came out is held to what was expected.
Everything that differs is told at once. Refused: a file that is not one, records that break a rule of cleaning without
being expected to exclude their person, and names that the study does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_outcomes.cohort.population import arms_of
from iop_outcomes.errors import StudyError, ended
from iop_outcomes.protocol import Adjustment, Care, Contrast, Eligibility, Endpoint, Population, Use
from iop_outcomes.protocol.people import Invented, People
from iop_outcomes.vocabulary.endpoints import EVENTS
from iop_outcomes.vocabulary.levels import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

NEITHER = "neither"
LISTED = ("stays", "sessions", "screens", "followups", "medications", "periods")
# what a record need not say
DEFAULTS: dict[str, dict[str, Any]] = {
    "persons": {"sex": UNKNOWN, "observed_to_day": 365},
    "stays": {"site_id": "a site", "program_type": "substance_use"},
    "sessions": {"modality": UNKNOWN},
    "followups": {"lookback_days": 30},
}
NOTHING = Adjustment()


def run(
    invented: Sequence[str] | str,
    population: Population,
    rules: Sequence[Eligibility],
    care: Care,
    contrasts: Mapping[str, Contrast],
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    use: Use,
) -> dict[str, str]:
    """The step: a line under 'definition'. invented: path of the file. Raises StudyError as the module says."""
    path = Path(invented if isinstance(invented, str) else invented[0])
    people = read(path)
    found = answers(people, population, rules, care, contrasts, endpoints, horizons, use)
    wrong = [f"'{one.name}': {said}" for key, one in people.items() for said in differences(one, found, key)]
    if wrong:
        raise StudyError(
            f"{path}: the definition does not do what is expected of it. {'; '.join(wrong)}. Correct the definition "
            "(config/eligibility.tsv, the cohort's file) or what is expected; no real record has been read."
        )
    return {"definition": f"{len(people)} invented people: all as expected\n"}


def read(path: Path) -> dict[str, Invented]:
    """The invented people by a key of their own. Raises StudyError."""
    from pydantic import ValidationError

    from iop_outcomes.study.loading import read_yaml

    try:
        found = People.model_validate(read_yaml(path)).people
    except ValidationError as wrong:
        error = wrong.errors()[0]
        at = ".".join(str(p) for p in error["loc"])
        raise StudyError(f"{path}: `{at}`: {ended(error['msg'])} config/README.md shows the form.") from None
    return {f"person {i:03d}": one for i, one in enumerate(found, 1)}


class Answers:
    """What the definition made of the people: excluded_by, people, arms, retention, abstinence and first_use by key."""

    def __init__(
        self, excluded: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], contrasts: Mapping[str, Contrast]
    ) -> None:
        import pandas as pd

        self.excluded_by = excluded
        self.people = tables["people"].set_index("record_id")
        keys = (tables["arms"][column] for column in ("person_id", "contrast", "arm"))
        self.arms = {(person, c): arms_of(contrasts[c])[arm].name for person, c, arm in zip(*keys, strict=True)}
        self.left = {(r.person_id, r.follows): (r.days, r.cause) for r in tables["retention"].itertuples()}
        self.outcomes = {
            (r.person_id, r.outcome, r.horizon_days): None if pd.isna(r.abstinent) else bool(r.abstinent)
            for r in tables["abstinence"].itertuples()
        }
        self.times = {(r.person_id, r.outcome): (r.days, r.event) for r in tables["first_use"].itertuples()}


def answers(
    invented: Mapping[str, Invented],
    population: Population,
    rules: Sequence[Eligibility],
    care: Care,
    contrasts: Mapping[str, Contrast],
    endpoints: Sequence[Endpoint],
    horizons: Mapping[str, Sequence[int]],
    use: Use,
) -> Answers:
    """Clean, link, judge and follow the invented people."""
    from iop_outcomes import clean
    from iop_outcomes.cohort import abstinence, eligibility, retention, units
    from iop_outcomes.cohort import population as step
    from iop_outcomes.tables import set_aside

    raw = records(invented)
    given: dict[str, Any] = {n if n in ("quarantine", "arrivals") else f"raw_{n}": t for n, t in raw.items()}
    tables = clean.run(
        **given,
        gap_days=care.gap_days,
        gap_sensitivity_days=care.gap_sensitivity_days,
        max_quarantined_share=1.0,
        detoxification=care.detoxification,
    )
    broken = set_aside.distrusted(tables["quarantine"])
    candidates = units.candidates(population, tables["persons"], tables["episodes"], tables["periods"], broken)
    first = eligibility.first_broken(candidates, rules, population)
    eligible = candidates[first.isna()].reset_index(drop=True)
    people = step.people_of(eligible, NOTHING, care.twenty_hours)
    events = [e for e in endpoints if e.kind in EVENTS]
    others = [e for e in endpoints if e.kind not in EVENTS]
    given = {n: tables[n] for n in ("episodes", "episodes_by_gap", "sessions", "persons", "stays")}
    stays = retention.run(people, **given, endpoints=events)
    seen = abstinence.run(
        people, tables["followups"], tables["screens"], tables["persons"], tables["episodes"], stays["retention"],
        others, horizons, tables["medications"], tables["stays"], use, care.gap_days,
    )  # fmt: skip
    optional = {name: contrast.model_copy(update={"required": False}) for name, contrast in contrasts.items()}
    excluded: dict[str, Any] = dict.fromkeys(invented, "their own record was set aside")
    rules_broken = [rule if isinstance(rule, str) else None for rule in first]
    excluded |= dict(zip(candidates["record_id"], rules_broken, strict=True))
    return Answers(excluded, {"people": people, "arms": step.arms(people, optional), **stays, **seen}, contrasts)


def records(invented: Mapping[str, Invented]) -> dict[str, pd.DataFrame]:
    """The canonical tables of the invented people in raw form. Raises StudyError for columns that do not exist."""
    import pandas as pd

    from iop_outcomes.tables import TABLES, conform

    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("persons", *LISTED)}
    for key, one in invented.items():
        rows["persons"].append({"person_id": key, **DEFAULTS["persons"], **one.person})
        for name in LISTED:
            own = [{"person_id": key, **DEFAULTS.get(name, {}), **row} for row in getattr(one, name)]
            if name == "stays":
                own = [{"stay_id": f"{key}, stay {i}", **row} for i, row in enumerate(own, 1)]
            rows[name] += own
    for name, found in rows.items():
        unknown = sorted({c for row in found for c in row} - set(TABLES[name].columns))
        if unknown:
            raise StudyError(
                f"The invented people have {name} with the column '{unknown[0]}', which does not exist. Columns: "
                f"{', '.join(TABLES[name].columns)}."
            )
    return conform.complete({name: pd.DataFrame(found) for name, found in rows.items() if found})


def differences(one: Invented, found: Answers, key: str) -> Iterator[str]:
    """What differs from what is expected of one person, in words."""
    rule = found.excluded_by[key]
    if one.expect.eligible != (rule is None):
        yield f"expected to be eligible, but excluded by {rule}" if rule else "expected to be excluded, but eligible"
        return
    if rule is not None:
        if one.expect.excluded_by not in (None, rule):
            yield f"expected to be excluded by {one.expect.excluded_by}, but was by {rule}"
        return
    yield from _eligible(one, found, key)


def _eligible(one: Invented, found: Answers, key: str) -> Iterator[str]:
    expect = one.expect
    zero = int(found.people.loc[key, "index_start_day"])  # type: ignore[arg-type]
    if expect.time_zero not in (None, zero):
        yield f"expected time zero on day {expect.time_zero}, found day {zero}"
    for contrast, arm in expect.arms.items():
        side = found.arms.get((key, contrast), NEITHER)
        if side != arm:
            yield f"expected the arm {arm} of {contrast}, found {side}"
    for follows, wanted in expect.left.items():
        days = found.left.get((key, follows))
        if days != (wanted.days, wanted.cause):
            yield f"expected {follows} to be left on day {wanted.days} ({wanted.cause}), found {_told(days)}"
    yield from _endpoints(one, found, key)


def _endpoints(one: Invented, found: Answers, key: str) -> Iterator[str]:
    asked = [(outcome, day, v) for outcome, by_day in one.expect.outcomes.items() for day, v in by_day.items()]
    for outcome, day, answer in asked:
        seen = found.outcomes.get((key, outcome, day), "not asked")
        if seen != answer:
            yield f"expected {outcome} on day {day} to be {answer}, found {seen}"
    for outcome, time in one.expect.times.items():
        if found.times.get((key, outcome)) != time:
            yield f"expected {outcome} {_told(time)}, found {_told(found.times.get((key, outcome)))}"


def _told(time: tuple[Any, Any] | None) -> str:
    return "nothing" if time is None else f"day {time[0]} ({time[1]!s})"
