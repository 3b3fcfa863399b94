"""The sections of the report, in order, from the released tables, the figures and the study.

Each section is a function that returns its items; one that has nothing to say returns none, and is left out. Those of
what was found stand in `findings`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from iop_outcomes.presentation import policies, recorded, target_trials, told
from iop_outcomes.presentation.labels import Labels, sentence, within
from iop_outcomes.protocol import AsRun, comparisons
from iop_outcomes.release import policy
from iop_outcomes.report import (
    about,
    alike,
    cohort,
    comparable,
    design,
    doses,
    explanations,
    findings,
    first_weeks,
    for_whom,
    gaps,
    in_categories,
    known_truth,
    methods,
    others,
    protection,
    records,
    summary,
    verdicts,
)
from iop_outcomes.report.document import (
    Block,
    Document,
    Heading,
    Item,
    Line,
    Paragraph,
    Point,
    Points,
    Section,
    Table,
    Terms,
    filled,
    notes,
    points,
)
from iop_outcomes.report.material import Sources
from iop_outcomes.report.methods_part import Part
from iop_outcomes.vocabulary.trials import PARTS

if TYPE_CHECKING:
    import pandas as pd


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
    twice = about.computed_twice(of.everything["diagnostics"], of.everything["estimates"]["n"].fillna(0).max())
    untold = protection.nothing_told(of.tables["counts"], of.tables["estimates"], of.study)
    items: list[Item] = [Paragraph(untold)] if untold else []
    items += [Points((twice,))] if twice and twice.tone else []
    if "verdicts" in of.tables:
        items += verdicts.items(of.tables["verdicts"], of.tables["estimates"], of.study)
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


def _part(part: Part) -> tuple[Item, ...]:
    """One part of the methods."""
    said = (Paragraph(part.text),) if part.text else ()
    return (Heading(part.heading), *said, *((Terms(tuple(part.points)),) if part.points else ()))


def _gaps(of: Sources) -> tuple[Item, ...]:
    found = gaps.gaps(of.tables["estimates"], of.study)
    told: list[Item] = [Paragraph(explanations.OF_GAPS)] if found else []
    for gap in found:
        told += [Heading(gap.reason), *notes(gap.status), *points(gap.what)]
    return tuple(told)


def _truth(of: Sources) -> tuple[Item, ...]:
    beside = known_truth.beside(of.tables["estimates"], of.study, of.truth) if of.truth is not None else []
    if not beside:
        return ()
    parts = (doses, first_weeks, in_categories)
    found = [part.beside_truth(of.tables["estimates"], of.study, of.truth) for part in parts if of.truth is not None]
    told = [table for tables in found for table in tables]
    return (Paragraph(explanations.OF_TRUTH), Paragraph(known_truth.hits(beside)), *filled(beside), *filled(told))


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
        for told in (design.one_arm_strata, design.few_in_an_arm, _equipoise(of))
        if (said := told(found, study, c))
    ]
    whom = [comparable.generalisability(of.tables["counts"], found, study, c) for c in of.contrasts]
    able: list[Item] = [*filled([design.detectable(found, study)])]
    if able:
        able.insert(0, Paragraph(design.what_is_detectable()))
    return (
        Paragraph("All of this was fixed before any outcome was read."), *of.drawn("balance", "overlap"),
        *filled([design.achieved(found, study, c) for c in of.contrasts]), *points(strata), *filled(whom), *able,
    )  # fmt: skip


def _equipoise(of: Sources) -> Callable[[pd.DataFrame, AsRun, str], str]:
    """The sentence on equipoise, which is of counts."""
    return lambda _, study, contrast: comparable.equipoise(of.tables["counts"], study, contrast)


def _methods(of: Sources) -> tuple[Item, ...]:
    items = [item for part in methods.describe(of.study) for item in _part(part)]
    return (*items, Heading("What this report does not do"), *points(explanations.DEVIATIONS))


def _trials(of: Sources) -> tuple[Item, ...]:
    tables = []
    for one in target_trials.trials(of.study):
        lines = tuple(Line(label, (one.text(part),)) for part, (label, _) in PARTS.items())
        tables.append(Table(one.title, ("Part", "In this study"), (Block("", lines),), words=True))
    return filled(tables)


def _alike(of: Sources) -> tuple[Item, ...]:
    found = filled(alike.tables(of.tables["diagnostics"], of.study))
    return (Paragraph(alike.ABOUT), *points(alike.said(of.tables["diagnostics"], of.study)), *found) if found else ()


def _limits(of: Sources) -> tuple[Item, ...]:
    return points(explanations.LIMITS)


def _provenance(of: Sources) -> tuple[Item, ...]:
    return (Terms(tuple(about.provenance(of.study, of.signed)), facts=True),)


def question(study: AsRun) -> str:
    """What the study asks, in one paragraph."""
    labels = Labels(study)
    asked = [within(labels.contrast(name)) for name, _ in comparisons(study)]
    again = study.companions.outcomes
    followed = dict.fromkeys(row.outcome for row in study.analyses if row.outcome not in again)
    outcomes = [within(labels.endpoint(o)) for o in followed]
    return f"Compared here: {'; '.join(asked)}. Followed up: {sentence(outcomes)}."


# anchor, title, kind and items of every section, in order
SECTIONS: tuple[tuple[str, str, str, Callable[[Sources], tuple[Item, ...]]], ...] = (
    ("summary", "In plain words", "plain", _summary),
    ("asked", "What was asked", "", _asked),
    ("gaps", "What could not be estimated", "", _gaps),
    ("truth", "Truth beside estimate", "", _truth),
    ("people", "Who was studied", "", _people),
    ("records", "The records", "", _records),
    ("design", "How the arms were made comparable", "", _design),
    ("retention", "Staying, leaving and coming back", "", findings.retention),
    ("abstinence", "Abstinence", "", findings.abstinence),
    ("states", "Work and arrests", "", findings.work),
    ("whom", "For whom", "", for_whom.items),
    ("otherwise", "The same questions under other rules", "", findings.other_rules),
    ("overturn", "What would overturn it", "", findings.overturn),
    ("dose", "How long and how much", "", findings.dose),
    ("known", "What others have found", "", others.found),
    ("methods", "Methods", "methods", _methods),
    ("trials", "The trials that these estimates stand in for", "methods", _trials),
    ("alike", "How well this does on data like these", "", _alike),
    ("limits", "Limits", "", _limits),
    ("provenance", "Where this report comes from", "", _provenance),
)
