"""The sections of what was found: staying and leaving, abstinence, other states, other rules, length of care.

Each is a function that returns its items; one that has nothing to say returns none, and is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.presentation import select
from iop_outcomes.presentation.labels import Labels, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import doses as of_doses
from iop_outcomes.report import (
    explanations,
    first_weeks,
    misclassified,
    overturned,
    places,
    protection,
    results,
    sites,
    states,
    two_sources,
)
from iop_outcomes.report import other_rules as rules
from iop_outcomes.report import results_of_doses as of_dose
from iop_outcomes.report.document import Heading, Item, Paragraph, Table, filled, notes, points
from iop_outcomes.report.material import Sources
from iop_outcomes.report.sentences import dose as sentences
from iop_outcomes.report.sentences import missing
from iop_outcomes.tables.rows import estimated
from iop_outcomes.vocabulary.endpoints import BETWEEN, KINDS
from iop_outcomes.vocabulary.kind import ABSTINENCE, DOSE, RETENTION
from iop_outcomes.vocabulary.measures import HOURS, TESTS, TIME_RATIO

if TYPE_CHECKING:
    import pandas as pd


def retention(of: Sources) -> tuple[Item, ...]:
    """Staying in care, how it was left, and events beside leaving."""
    tables = _by_contrast(of.tables["estimates"], of.tables["diagnostics"], of.study, RETENTION)
    if not (tables or of.drawn("leaving")):
        return ()
    return (
        *notes(explanations.READING),
        *of.drawn("staying", "leaving", "events"),
        *filled(tables),
        *of.drawn("hazards"),
        *_places(of),
    )


def _places(of: Sources) -> tuple[Item, ...]:
    """Where people are, day by day."""
    told = points(places.said(of.tables["estimates"], of.study))
    tables = filled(places.tables(of.tables["estimates"], of.study))
    if not (told or tables or of.drawn("places")):
        return ()
    begin = (Heading("Where people are, day by day"), Paragraph(explanations.OF_PLACES))
    return (*begin, *of.drawn("places"), *told, *tables)


def abstinence(of: Sources) -> tuple[Item, ...]:
    """Abstinence, under every reading of missing answers, and what interviews and tests say of each other."""
    kinds = dict.fromkeys(map(of.labels.kind, of.of_states(others=False)["outcome"]))
    said = notes(*dict.fromkeys(KINDS[kind].note for kind in kinds))
    drawn = of.drawn("abstinence", "weekly", "patterns")
    found = _states(of, others=False, before=(*drawn, *_between(of), *_missing(of), *said))
    if not found:
        return ()
    twice = two_sources.tables(of.tables["counts"], of.study)
    return (
        *found,
        *filled(twice),
        *filled(misclassified.tables(of.of_states(others=False), of.tables["counts"], of.study)),
    )


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


def work(of: Sources) -> tuple[Item, ...]:
    """States that are no use, as work and arrests."""
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


def other_rules(of: Sources) -> tuple[Item, ...]:
    """The questions that were asked under other rules as well."""
    found = filled(rules.tables(of.everything["estimates"], of.study))
    return (Paragraph(explanations.OF_OTHER_RULES), *found) if found else ()


def overturn(of: Sources) -> tuple[Item, ...]:
    """What would overturn the primary answers."""
    found = filled(overturned.tables(of.tables["estimates"], of.study))
    items: list[Item] = []
    if said := overturned.under_other_choices(of.everything["estimates"], of.study):
        items += [Heading("Other choices"), Paragraph(explanations.OF_SPECIFICATIONS), *points(said)]
        items += of.drawn("specifications")
    if found:
        items += [Heading("A cause on no record"), Paragraph(explanations.OF_OVERTURNING)]
        anchored = overturned.anchors(of.tables["estimates"], of.everything["estimates"], of.study)
        items += [*of.drawn("unmeasured"), *found, *filled(anchored)]
    told = filled(sites.tables(of.everything["estimates"], of.study))
    if told:
        items += [Heading("Site by site"), Paragraph(explanations.OF_SITES)]
        items += [*points(sites.said(of.everything["estimates"], of.study)), *of.drawn("sites"), *told]
    return tuple(items)


def dose(of: Sources) -> tuple[Item, ...]:
    """Longer stays, and more hours or tests a week."""
    estimates, study = of.tables["estimates"], of.study
    longer = _durations(estimates, of.tables["diagnostics"], study)
    hours, tests = (
        [t for name, i in study.intensities.items() if i.of == of_what
         for t in of_dose.of_intensity(estimates, study, name)]
        for of_what in (HOURS, TESTS)
    )  # fmt: skip
    stays, onward = (
        _strategies(estimates, of.tables["diagnostics"], study, names) for names in (study.strategies, study.starting)
    )
    bends = [
        table
        for name in study.thresholds
        for table in of_dose.of_threshold(estimates, of.tables["diagnostics"], study, name)
    ]
    grids = of_doses.tables(estimates, study)
    if not (longer or stays or onward or bends or hours or tests or grids):
        return ()
    items: list[Item] = []
    if longer:
        why = [sentences.WHY_NAIVE[s].format(**d) for s, d in _naive(estimates, study)]
        items += [Heading("Longer stays"), *(Paragraph(said) for said in why), *of.drawn("duration"), *filled(longer)]
    if stays:
        weights = of_dose.of_weights(of.tables["diagnostics"], study, study.strategies)
        items += [Heading("Had everyone stayed so long, or left"), Paragraph(explanations.OF_STRATEGIES)]
        items += [*of.drawn("strategies"), *filled(stays), *filled(weights)]
    if onward:
        weights = of_dose.of_weights(of.tables["diagnostics"], study, study.starting)
        items += [Heading("Had everyone gone on to further care, or nobody"), Paragraph(explanations.OF_STARTING)]
        items += [*(() if stays else of.drawn("strategies")), *filled(onward), *filled(weights)]
    if bends:
        items += [Heading("Had everyone left in one and the same week"), Paragraph(explanations.OF_THRESHOLDS)]
        items += [*of.drawn("thresholds"), *filled(bends)]
    if grids:
        items += [Heading("Had everyone attended so many hours, for so many weeks"), Paragraph(explanations.OF_DOSES)]
        weights = of_dose.of_weights(of.tables["diagnostics"], study, study.doses)
        items += [*of.drawn("doses"), *filled(grids), *filled(weights)]
    if hours or of.drawn("intensity"):
        items += [
            Heading("More hours a week"),
            Paragraph(explanations.OF_HOURS),
            *of.drawn("intensity"),
            *filled(hours),
            *filled(first_weeks.weights(of.tables["diagnostics"], study)),
        ]
    if tests:
        items += [Heading("More tests a week"), Paragraph(explanations.OF_TESTS), *filled(tests)]
    return tuple(items)


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
        for t in states.tables(own, study, c, ABSTINENCE)
    ]


def _numbered(tables: list[Table]) -> list[Table]:
    """The tables that hold a number."""
    return [t for t in tables if any(line.cells for block in t.blocks for line in block.lines)]


def _durations(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun) -> list[Table]:
    names = [*study.durations, *study.contrasts]
    return [t for name in names for t in results.of_contrast(estimates, diagnostics, study, name, DOSE)]


def _strategies(
    estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: AsRun, names: Collection[str]
) -> list[Table]:
    return [t for name in names for t in results.of_contrast(estimates, diagnostics, study, name, DOSE)]


def _naive(estimates: pd.DataFrame, study: AsRun) -> list[tuple[str, dict[str, str]]]:
    """What is measured in the durations of a study, each once, with words for the naive comparison."""
    labels = Labels(study)
    told = estimates["measure"].isin(list(sentences.WHY_NAIVE))
    own = estimates[estimates["contrast"].isin(list(study.durations)) & told]
    found = []
    for row in estimated(own.drop_duplicates("measure")):
        asked = own.loc[own["measure"] == row["measure"], "contrast"]
        days = [str(day) for day in sorted({study.durations[name].days for name in asked})]
        day = " or ".join(part for part in (", ".join(days[:-1]), days[-1]) if part)
        found.append((row["measure"], {"day": day, "event": within(labels.endpoint(row["outcome"]))}))
    return found
