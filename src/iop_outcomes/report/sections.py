"""The sections of the report, in order, from the released tables, the figures and the study.

Each section is a function that returns its items; one that has nothing to say returns none, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from iop_outcomes.presentation import policies, recorded, select, told
from iop_outcomes.presentation.labels import Labels, sentence, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.release import policy
from iop_outcomes.report import (
    about,
    cohort,
    design,
    explanations,
    known_truth,
    methods,
    misclassified,
    other_rules,
    protection,
    records,
    results,
    summary,
    two_sources,
)
from iop_outcomes.report.document import (
    Block,
    Document,
    Heading,
    Item,
    Line,
    Paragraph,
    Picture,
    Point,
    Points,
    Section,
    Table,
    Terms,
    filled,
    notes,
    points,
)
from iop_outcomes.report.sentences import dose, missing
from iop_outcomes.tables.rows import estimated
from iop_outcomes.vocabulary.endpoints import AMOUNTS, BETWEEN, KINDS, PATTERN_ANSWERS, STATES_OF_LIFE
from iop_outcomes.vocabulary.kind import ABSTINENCE, DOSE, RETENTION
from iop_outcomes.vocabulary.measures import HOURS, TESTS, TIME_RATIO

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sources:
    """What the sections are made of: released tables, the study, known truths, what was told of the files, figures."""

    everything: Mapping[str, pd.DataFrame]
    study: AsRun
    truth: pd.DataFrame | None = None
    notes: Sequence[str] = ()
    pictures: Mapping[str, Picture] | None = None
    signed: Mapping[str, str] | None = None

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables without what repeats a question under another rule."""
        return {name: select.asked_first(table, self.study) for name, table in self.everything.items()}

    @cached_property
    def labels(self) -> Labels:
        """What readers see in place of names."""
        return Labels(self.study)

    @property
    def contrasts(self) -> list[str]:
        """Names of the contrasts as asked for."""
        return list(self.study.contrasts)

    def drawn(self, *names: str) -> tuple[Item, ...]:
        """The figures of these names that were drawn."""
        known = self.pictures or {}
        return tuple(known[n] for n in names if n in known)

    def of_states(self, others: bool) -> pd.DataFrame:
        """Estimates of states that are no use, and that no test tells, or of all else."""
        estimates = self.tables["estimates"]
        states = [o for o in self.labels.endpoints() if self.labels.kind(o) in STATES_OF_LIFE]
        return estimates[estimates["outcome"].isin(states) == others]


def document(of: Sources) -> Document:
    """The whole report."""
    return Document(
        of.study.title,
        question(of.study),
        of.study.source.note,
        policies.page(policy.asked(of.study.disclosure)),
        protection.at_the_head(of.study, of.everything["diagnostics"]),
        tuple(Section(name, title, make(of), kind) for name, title, kind, make in SECTIONS),
    )


def _summary(of: Sources) -> tuple[Item, ...]:
    twice = about.computed_twice(of.everything["diagnostics"])
    untold = protection.nothing_told(of.tables["counts"], of.tables["estimates"], of.study)
    items: list[Item] = [Paragraph(untold)] if untold else []
    items += [Points((twice,))] if twice and twice.tone else []
    for part in summary.summary(of.tables["estimates"], of.study):
        items.append(Heading(part.title))
        items += [Paragraph(f"{part.lead}:", "whom")] if part.lead else []
        items.append(Points(tuple(Point(said.text, said.tone) for said in part.said)))
    items += notes(twice.text) if twice and not twice.tone else []
    return tuple(items) or (Paragraph(explanations.NO_RESULT),)


def _asked(of: Sources) -> tuple[Item, ...]:
    """The design of the study, where no result stands in its place."""
    if of.tables["estimates"]["estimate"].notna().any():
        return ()
    found = [part for part in methods.describe(of.study) if part.heading in methods.DESIGN]
    return tuple(item for part in found for item in _part(part))


def _part(part: methods.Paragraph) -> tuple[Item, ...]:
    """One part of the methods."""
    said = (Paragraph(part.text),) if part.text else ()
    return (Heading(part.heading), *said, *((Terms(tuple(part.points)),) if part.points else ()))


def _gaps(of: Sources) -> tuple[Item, ...]:
    found = results.gaps(of.tables["estimates"], of.study)
    told: list[Item] = [Paragraph(explanations.OF_GAPS)] if found else []
    for gap in found:
        told += [Heading(gap.reason), *notes(gap.status), *points(gap.what)]
    return tuple(told)


def _truth(of: Sources) -> tuple[Item, ...]:
    beside = known_truth.beside(of.tables["estimates"], of.study, of.truth) if of.truth is not None else []
    if not beside:
        return ()
    return (Paragraph(explanations.OF_TRUTH), Paragraph(known_truth.hits(beside)), *filled(beside))


def _people(of: Sources) -> tuple[Item, ...]:
    counts, diagnostics = of.tables["counts"], of.tables["diagnostics"]
    baseline = [cohort.table_one(counts, diagnostics, of.study, c) for c in of.contrasts]
    return (
        *of.drawn("flow"), *filled([cohort.excluded(counts)]), Heading("People at the start"),
        *notes(explanations.OF_BASELINE), *filled(baseline),
        *notes(protection.withheld(of.study)),
    )  # fmt: skip


def _records(of: Sources) -> tuple[Item, ...]:
    parts = records.parts(of.tables["counts"], of.tables["diagnostics"], of.study)
    if not parts:
        return ()
    counts = of.tables["counts"]
    items: list[Item] = [*notes(records.rounded(counts))]
    items += [Heading("How the files were read"), *points(of.notes)] if of.notes else []
    for part in parts:
        items += [Heading(part.heading), *points(part.said), *of.drawn(*part.figures), *filled(part.tables)]
    return (*items, *notes(told.ranges(counts[counts["analysis"] == recorded.RECORDS]), protection.withheld(of.study)))


def _design(of: Sources) -> tuple[Item, ...]:
    found, study = of.tables["diagnostics"], of.study
    strata = [
        f"{of.labels.contrast(c)}: {within(said)}"
        for c in of.contrasts
        for told in (design.one_arm_strata, design.few_in_an_arm)
        if (said := told(found, study, c))
    ]
    able: list[Item] = [*filled([design.detectable(found, study)])]
    if able:
        able.insert(0, Paragraph(design.what_is_detectable()))
    return (
        Paragraph("All of this was fixed before any outcome was read."), *of.drawn("balance", "overlap"),
        *filled([design.achieved(found, study, c) for c in of.contrasts]), *points(strata), *able,
    )  # fmt: skip


def _retention(of: Sources) -> tuple[Item, ...]:
    tables = _by_contrast(of.tables["estimates"], of.tables["diagnostics"], of.study, RETENTION)
    if not (tables or of.drawn("leaving")):
        return ()
    return (
        *notes(explanations.READING),
        *of.drawn("staying", "leaving", "events"),
        *filled(tables),
        *of.drawn("hazards"),
    )


def _abstinence(of: Sources) -> tuple[Item, ...]:
    kinds = dict.fromkeys(map(of.labels.kind, of.of_states(others=False)["outcome"]))
    said = notes(*dict.fromkeys(KINDS[kind].note for kind in kinds if kind in (*AMOUNTS, *PATTERN_ANSWERS)))
    drawn = of.drawn("abstinence", "weekly", "patterns")
    found = _states(of, others=False, before=(*drawn, *_between(of), *_missing(of), *said))
    if not found:
        return ()
    twice = two_sources.tables(of.tables["counts"], of.study)
    return (*found, *filled(twice), *filled(misclassified.tables(of.of_states(others=False), of.study)))


def _between(of: Sources) -> tuple[Item, ...]:
    """The time to an event that is known to lie between two days, where its curves are told."""
    between = [o for o in of.labels.endpoints() if of.labels.kind(o) in BETWEEN]
    told = select.of_arms(of.tables["estimates"], TIME_RATIO, between)["estimate"].notna().any()
    return (*of.drawn("free_of_use"), *notes(explanations.OF_DAYS_BETWEEN)) if told else ()


def _missing(of: Sources) -> tuple[Item, ...]:
    """The readings of missing answers side by side, and what tips them."""
    found = missing.tipping(estimated(select.tipping(of.everything["estimates"])), of.labels)
    said: tuple[Item, ...] = (Paragraph(explanations.OF_TIPPING), *points(found)) if found else ()
    return (*of.drawn("missing", "tipping"), *said)


def _work(of: Sources) -> tuple[Item, ...]:
    kinds = dict.fromkeys(map(of.labels.kind, of.of_states(others=True)["outcome"]))
    return _states(of, others=True, before=notes(*(KINDS[kind].note for kind in kinds)))


def _states(of: Sources, others: bool, before: Sequence[Item]) -> tuple[Item, ...]:
    """What was found of abstinence, or of other states, and the people behind it."""
    estimates, diagnostics = of.of_states(others), of.tables["diagnostics"]
    tables = _by_contrast(estimates, diagnostics, of.study, ABSTINENCE)
    if not tables:
        return ()
    behind = _behind(of.tables["counts"], estimates, diagnostics, of.study)
    return (*before, *filled(tables), *filled(behind), *notes(protection.withheld(of.study)))


def _other_rules(of: Sources) -> tuple[Item, ...]:
    found = filled(other_rules.tables(of.everything["estimates"], of.study))
    return (Paragraph(explanations.OF_OTHER_RULES), *found) if found else ()


def _dose(of: Sources) -> tuple[Item, ...]:
    estimates, study = of.tables["estimates"], of.study
    longer = _durations(estimates, of.tables["diagnostics"], study)
    hours, tests = (
        [t for name, i in study.intensities.items() if i.of == of_what
         for t in results.of_intensity(estimates, study, name)]
        for of_what in (HOURS, TESTS)
    )  # fmt: skip
    if not (longer or hours or tests):
        return ()
    items: list[Item] = []
    if longer:
        why = [dose.WHY_NAIVE[s].format(**d) for s, d in _naive(estimates, study)]
        items += [Heading("Longer stays"), *(Paragraph(said) for said in why), *of.drawn("duration"), *filled(longer)]
    if hours or of.drawn("intensity"):
        items += [
            Heading("More hours a week"),
            Paragraph(explanations.OF_HOURS),
            *of.drawn("intensity"),
            *filled(hours),
        ]
    if tests:
        items += [Heading("More tests a week"), Paragraph(explanations.OF_TESTS), *filled(tests)]
    return tuple(items)


def _known(of: Sources) -> tuple[Item, ...]:
    lines = tuple(Line(row["source"], (row["design"], row["finding"])) for row in about.known())
    caption = "Earlier studies of setting, intensity and duration"
    table = Table(caption, ("Source", "Design", "Finding"), (Block("", lines),), words=True, name="Earlier studies")
    return (Paragraph(explanations.OF_OTHERS), table)


def _methods(of: Sources) -> tuple[Item, ...]:
    items = [item for part in methods.describe(of.study) for item in _part(part)]
    return (*items, Heading("What this report does not do"), *points(explanations.DEVIATIONS))


def _limits(of: Sources) -> tuple[Item, ...]:
    return points(explanations.LIMITS)


def _provenance(of: Sources) -> tuple[Item, ...]:
    return (Terms(tuple(about.provenance(of.study, of.signed)), facts=True),)


def question(study: AsRun) -> str:
    """What the study asks, in one paragraph."""
    labels = Labels(study)
    asked = [within(labels.contrast(c)) for c in (*study.contrasts, *study.durations, *study.intensities)]
    again = study.companions.outcomes
    followed = dict.fromkeys(row.outcome for row in study.analyses if row.outcome not in again)
    outcomes = [within(labels.endpoint(o)) for o in followed]
    return f"Compared here: {'; '.join(asked)}. Followed up: {sentence(outcomes)}."


def _by_contrast(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, step: str) -> list[Table]:
    """Tables of the contrasts that have a number; the others are told of under what could not be estimated."""
    contrasts = study.contrasts
    return _numbered([t for c in contrasts for t in results.of_contrast(estimates, diagnostics, study, c, step)])


def _behind(counts: pd.DataFrame, estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun) -> list[Table]:
    """People by state, for the contrasts and outcomes of the step abstinence that have a number."""
    own = counts[counts["outcome"].isin(list(estimates["outcome"]))]
    return [
        t
        for c in study.contrasts
        if _numbered(results.of_contrast(estimates, diagnostics, study, c, ABSTINENCE))
        for t in results.of_levels(own, study, c, ABSTINENCE)
    ]


def _numbered(tables: list[Table]) -> list[Table]:
    """The tables that hold a number."""
    return [t for t in tables if any(line.cells for block in t.blocks for line in block.lines)]


def _durations(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun) -> list[Table]:
    names = [*study.durations, *study.contrasts]
    return [t for name in names for t in results.of_contrast(estimates, diagnostics, study, name, DOSE)]


def _naive(estimates: pd.DataFrame, study: AsRun) -> list[tuple[str, dict[str, str]]]:
    """What is measured in the durations of a study, each once, with words for the naive comparison."""
    labels = Labels(study)
    told = estimates["measure"].isin(list(dose.WHY_NAIVE))
    own = estimates[estimates["contrast"].isin(list(study.durations)) & told]
    kinds = estimated(own.drop_duplicates("measure"))
    return [
        (
            row["measure"],
            {
                "day": str(study.durations[row["contrast"]].days),
                "event": within(labels.endpoint(row["outcome"])),
            },
        )
        for row in kinds
    ]


# anchor, title, kind and items of every section, in order
SECTIONS: tuple[tuple[str, str, str, Callable[[Sources], tuple[Item, ...]]], ...] = (
    ("summary", "In plain words", "plain", _summary),
    ("asked", "What was asked", "", _asked),
    ("gaps", "What could not be estimated", "", _gaps),
    ("truth", "Truth beside estimate", "", _truth),
    ("people", "Who was studied", "", _people),
    ("records", "The records", "", _records),
    ("design", "How the arms were made comparable", "", _design),
    ("retention", "Staying, leaving and coming back", "", _retention),
    ("abstinence", "Abstinence", "", _abstinence),
    ("states", "Work and arrests", "", _work),
    ("otherwise", "The same questions under other rules", "", _other_rules),
    ("dose", "How long and how much", "", _dose),
    ("known", "What others have found", "", _known),
    ("methods", "Methods", "methods", _methods),
    ("limits", "Limits", "", _limits),
    ("provenance", "Where this report comes from", "", _provenance),
)
