"""`iop-outcomes check`: what the records will support, told before any long run.

In order: the study is typed and its files found; the definition is tested with invented people; the records are read,
pass the identifier gate, are cleaned and linked; who is eligible and in which arm; which questions the records can
answer. The very steps of the workflow are called, up to the first estimate. Counts are shown as the disclosure policy
of the study allows. What would stop a run is told under 'This stops a run'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.errors import StudyError
from iop_outcomes.vocabulary.causes import CENSORED, NOT_AT_RISK
from iop_outcomes.vocabulary.endpoints import EVENTS, FOLLOWED, KINDS, OF_PATTERNS, STAYING, TIMED, WEEKLY

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iop_outcomes.protocol import Endpoint
    from iop_outcomes.release.policy import Policy
    from iop_outcomes.study.loaded import Loaded

Tables = Mapping[str, "pd.DataFrame"]

WITHOUT = {
    "sessions": "no delivered hours, and no question on intensity",
    "screens": "no abstinence by screens, and no adjustment for early use",
    "followups": "no abstinence by interview, and no return to use",
    "medications": "medication is not described",
}


@dataclass
class Findings:
    """Lines by heading, and what would stop a run."""

    told: dict[str, list[str]] = field(default_factory=dict)
    stops: list[str] = field(default_factory=list)

    def add(self, heading: str, *lines: str) -> None:
        """More lines under a heading."""
        self.told.setdefault(heading, []).extend(lines)

    def text(self) -> str:
        """Everything as it is printed."""
        parts = {**self.told, **({"This stops a run": self.stops} if self.stops else {})}
        return "\n".join(f"{heading}\n" + "\n".join(f"  {line}" for line in lines) for heading, lines in parts.items())


def look(loaded: Loaded) -> Findings:
    """Look at a study and its records. Raises StudyError only for a study that cannot be loaded."""
    from iop_outcomes.checks import immortal_time, prepare
    from iop_outcomes.release import policy

    study, found = loaded.study, Findings()
    rules = policy.asked(study.disclosure)
    try:
        files = prepare.records(study)
        found.add("The study", *_study(loaded, len(files)))
        if early := immortal_time.lines(loaded):
            found.add("Counted before it is known", *early)
        _definition(loaded, found)
        tables = _records(loaded, found, rules)
        _people(loaded, tables, found, rules)
    except StudyError as wrong:
        found.stops.append(str(wrong))
    return found


def _study(loaded: Loaded, files: int) -> list[str]:
    study = loaded.study
    return [
        f"'{study.cohort}' is well formed: {len(loaded.analyses)} estimands, {len(loaded.contrasts())} contrasts, "
        f"{files} input files, disclosure policy '{study.disclosure.policy}'.",
        *(
            f"It asks what '{study.questions}' asks, but not about {name}, which is no comparison here."
            for name in loaded.not_made
        ),
    ]


def _definition(loaded: Loaded, found: Findings) -> None:
    from iop_outcomes.checks import definition

    people = loaded.study.people
    if not people:
        found.add("The definition", "is tested with no invented people; `people` in the cohort's file names some.")
        return
    found.add("The definition", definition.run(people, **loaded.definition())["definition"].strip())


def _records(loaded: Loaded, found: Findings, rules: Policy) -> Tables:
    """Read and clean; what became of rows, and what the empty tables cost."""
    from iop_outcomes import clean, sources
    from iop_outcomes.checks import codes, usual_stays

    study = loaded.study
    source = study.source.model_dump(mode="json", exclude={"citation", "note"})
    raw = sources.run(source, study.privacy.model_dump(mode="json"))
    if notes := raw.pop("notes").splitlines():
        found.add("How the files are read", *notes)
    for heading, lines in codes.told(raw.pop("readings"), rules).items():
        found.add(heading, *lines)
    care = study.care.model_dump(mode="json", exclude={"twenty_hours", "max_quarantined_share"})
    tables = clean.run(**raw, **care, max_quarantined_share=1.0)
    for name, rows in tables["intake"].groupby("table", sort=False):
        if rows["rows"].sum():
            pairs = zip(rows["outcome"], rows["rows"], strict=True)
            said = [f"{outcome} {shown(int(count), rules)}" for outcome, count in pairs if count]
            found.add("Rows", f"{name}: {'; '.join(said)}")
    came = set(tables["intake"].loc[tables["intake"]["rows"] > 0, "table"])
    empty = {n: f"{n}: {cost}" for n, cost in WITHOUT.items() if tables[n].empty}
    if absent := [said for n, said in empty.items() if n not in came]:
        found.add("Not in the records", *absent)
    if lost := [said for n, said in empty.items() if n in came]:
        found.add("Read, but no row of it is left (Rows tells why)", *lost)
    found.add("Stays", *usual_stays.lines(tables["stays"], tables["persons"], rules, lambda n: shown(n, rules)))
    found.stops += _limits(raw, tables["quarantine"], study.care.max_quarantined_share, rules)
    return tables


def _limits(raw: Tables, quarantine: pd.DataFrame, share: float, rules: Policy) -> Iterator[str]:
    """Tables of which more was set aside than a run allows, and columns of which more values cannot be true."""
    from iop_outcomes.clean import cells, limits, validate

    whole = quarantine[quarantine["cell"].isna()] if "cell" in quarantine else quarantine
    for name in validate.NAMES:
        rows, unread = raw[f"raw_{name}"], raw["quarantine"][raw["quarantine"]["table"] == name]
        strange = cells.mend(name, rows[~rows.index.isin(unread["row"])]).strange
        aside = whole[whole["table"] == name].set_index("row")["rule"]
        yield from limits.beyond(name, rows, aside, strange, share, lambda n: shown(n, rules))


def _people(loaded: Loaded, tables: Tables, found: Findings, rules: Policy) -> None:
    """Who is eligible and in which arm, and which questions can be answered."""
    from iop_outcomes.cohort import population, retention
    from iop_outcomes.steps.runner import blinded

    study = loaded.study
    names = ("persons", "episodes", "periods", "quarantine", "intake", "screens")
    given = {n: blinded(n, tables[n]) for n in names}
    made = population.run(
        **given, population=study.population, rules=loaded.rules,
        adjustment=study.adjustment, contrasts=study.contrasts,
        twenty_hours=study.care.twenty_hours, fewest=loaded.smallest_cell(), schedule=study.use.schedule,
    )  # fmt: skip
    for row in made["attrition"].itertuples():
        if row.excluded:
            found.add("Excluded", f"{row.rule}: {shown(int(row.excluded), rules)}")  # type: ignore[arg-type]
    found.add("Eligible", shown(len(made["people"]), rules))
    for name, contrast in loaded.contrasts().items():
        own = made["arms"][made["arms"]["contrast"] == name]
        further = ((arm, at) for at, arm in enumerate(contrast.further_arms, 2))
        sides = [
            f"{side.label} {shown(int((own['arm'] == value).sum()), rules)}"
            for side, value in ((contrast.first, 1), (contrast.second, 0), *further)
        ]
        whole = int((own.groupby("stratum")["arm"].nunique() == len(sides)).sum())
        strata = f"{whole} of {own['stratum'].nunique()} {contrast.stratum.removesuffix('_id')}s"
        found.add("Arms", f"{name}: {', '.join(sides)}; {'every arm' if len(sides) > 2 else 'both arms'} in {strata}")
    people, ended = made["people"], (tables["episodes"], tables["episodes_by_gap"])
    asked = (loaded.endpoints_of(*EVENTS), loaded.follows())
    left = retention.run(people, *ended, tables["sessions"], tables["persons"], *asked)["retention"]
    found.add("Questions", *questions(loaded, tables, made["people"], left, rules))
    found.stops += _patterns(loaded, tables, people, rules)


def _patterns(loaded: Loaded, tables: Tables, people: pd.DataFrame, policy: Policy) -> Iterator[str]:
    """Endpoints of use patterns that would stop a run, such as one whose window is longer than anyone's follow-up."""
    from iop_outcomes.cohort import abstinence, pattern_endpoints, use
    from iop_outcomes.patterns.evaluate import TooShort

    yield from _substances(loaded.endpoints_of(*OF_PATTERNS, *WEEKLY), tables["screens"])
    asked = loaded.endpoints_of(*OF_PATTERNS)
    if not asked:
        return
    rules, views = loaded.study.use, list({e.tests.model_dump_json(): e.tests for e in asked}.values())
    given = {name: tables[name] for name in ("persons", "stays", "screens", "followups", "medications")}
    made = use.run(people, **given, use=rules, views=views)["use_patterns"]
    dated = people.assign(death_day=abstinence.death_days(people, tables["persons"]))
    for endpoint in asked:
        try:
            pattern_endpoints.run(dated, made, rules, [endpoint], loaded.horizons(), tables["stays"])
        except TooShort as wrong:
            yield f"{endpoint.outcome}: {wrong}{longest_window(wrong.reach, policy)}"
        except StudyError as wrong:
            yield f"{endpoint.outcome}: {wrong}"


def _substances(asked: Sequence[Endpoint], screens: pd.DataFrame) -> Iterator[str]:
    """Endpoints of tests of a substance that no test is of, such as one that is misspelt."""
    from iop_outcomes.cohort.use import substances
    from iop_outcomes.patterns.definition import nearest

    if screens.empty:
        return
    listed = substances.known()
    known = {*listed.classes, *listed.named, *substances.named(screens["substance"]), substances.ANY}
    for endpoint in asked:
        if endpoint.tests.substance not in known:
            yield (
                f"{endpoint.outcome}: no test is of the substance '{endpoint.tests.substance}', and it is no class."
                f"{nearest(endpoint.tests.substance, known)} Correct `substance` in the row of the endpoint library."
            )


def questions(
    loaded: Loaded, tables: Tables, people: pd.DataFrame, retention: pd.DataFrame, rules: Policy
) -> Iterator[str]:
    """For each outcome and horizon that the sheet asks for: whether the records can answer, and for how many people."""
    for outcome, horizons in loaded.horizons().items():
        endpoint = loaded.endpoints[outcome]
        empty = [name for name in KINDS[endpoint.kind].needs if tables[name].empty]
        if empty:
            yield f"{outcome}: cannot be answered without {' and '.join(empty)}"
            continue
        observed = people["observed_days"].to_numpy()
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
            by_then = f"{shown(int(known.sum()), rules)} of {shown(len(people), rules)}"
            yield f"{outcome} on day {day}: {by_then} can be known by then{more}"


def longest_day(observed: NDArray[np.int64], day: int, rules: Policy) -> str:
    """Of a day to which fewer people are followed than may be shown: the last to which so many are, else ''.

    observed: (n,) days to which each is. The last day of a single person is told of no one.
    """
    last, enough = _reached(observed, rules)
    if last is None or day <= last:
        return ""
    return f"; the longest day that can be asked about is day {last}: {enough} or more are followed to it"


def longest_window(reach: NDArray[np.int64], rules: Policy) -> str:
    """The week that as many people reach as may be shown, as a sentence, else ''. reach: (n,) the last week of each."""
    last, enough = _reached(reach, rules)
    return f" The longest window that {enough} or more are followed to ends with week {last}." if last else ""


def _reached(last: NDArray[np.int64], rules: Policy) -> tuple[int | None, str]:
    """What as many people reach as may be shown, None where there are not so many; and how many these are, in words."""
    least = max(rules.minimum_count, 1)
    found = int(np.sort(last)[-least]) if len(last) >= least else None
    return found, "1 person" if least == 1 else f"{least} people"


def _within_an_interval(own: pd.DataFrame, day: int, later: bool) -> str:
    """That lengths of stay are intervals of which one holds the day, where it is so."""
    open_on = (own["days"] + later <= day) & (day < own["days_latest"] + later)
    return "; lengths of stay are intervals, and the day lies within one" if open_on.any() else ""


def shown(count: int, rules: Policy) -> str:
    """A count as the policy lets it be seen."""
    return f"fewer than {rules.minimum_count}" if rules.small(count) else f"{rules.rounded(count):,}"
