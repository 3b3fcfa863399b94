"""`iop-outcomes check`: what the records will support, told before any long run.

In order: the study is typed and its files found; the definition is tested with invented people; the records are read,
pass the identifier gate, are cleaned and linked; who is eligible and in which arm; which questions the records can
answer. The very steps of the workflow are called, up to the first estimate. Counts are shown as the disclosure policy
of the study allows. What would stop a run is told under 'This stops a run'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iop_outcomes.checks import answerable, onward, tested, weeks_of_care
from iop_outcomes.checks.numbers import shown
from iop_outcomes.errors import StudyError
from iop_outcomes.vocabulary.endpoints import EVENTS

if TYPE_CHECKING:
    import pandas as pd

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
    if none := list(tested.medications(tables["medications"], rules)):
        found.add("Medications that explain no test", *none)
    _limits(raw, tables["quarantine"], study.care.max_quarantined_share, found, rules)
    return tables


def _limits(raw: Tables, quarantine: pd.DataFrame, share: float, found: Findings, rules: Policy) -> None:
    """Tables of which more was set aside than a run allows, and columns of which more values cannot be true; of the
    others, which codes are not known.
    """
    from iop_outcomes.clean import cells, limits, validate

    whole = quarantine[quarantine["cell"].isna()] if "cell" in quarantine else quarantine
    for name in validate.NAMES:
        rows, unread = raw[f"raw_{name}"], raw["quarantine"][raw["quarantine"]["table"] == name]
        strange = cells.mend(name, rows[~rows.index.isin(unread["row"])]).strange
        aside = whole[whole["table"] == name].set_index("row")["rule"]
        beyond = list(limits.beyond(name, rows, aside, strange, share, lambda n: shown(n, rules)))
        found.stops += beyond
        if not beyond and (codes := limits.of_codes(name, rows, aside)):
            found.add("Codes that are not known (their rows are set aside)", codes)


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
    left = retention.run(people, *ended, tables["sessions"], tables["persons"], *asked, tables["stays"])["retention"]
    if weeks := list(weeks_of_care.lines(loaded, tables, made, left, rules)):
        found.add("Weeks of care", *weeks)
    if going_on := list(onward.lines(loaded, tables, people, rules)):
        found.add("Going on to further care", *going_on)
    found.stops += tested.stops(loaded, tables["screens"], people)
    seen = answerable.use_patterns(loaded, tables, people)
    found.add("Questions", *answerable.questions(loaded, tables, people, seen, left, rules, study.care.gap_days))
    none = (*tested.of_months(tables["screens"], study.use, rules), *tested.untold(seen, study.use, rules))
    if none:
        found.add("Tests that tell of no interval", *none)
    found.stops += answerable.patterns(loaded, tables, people, seen, rules)
