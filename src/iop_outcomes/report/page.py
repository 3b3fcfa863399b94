"""Everything that the page shows, gathered from the released tables and the study."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import iop_outcomes
from iop_outcomes.figures import numbers, select, style
from iop_outcomes.figures.labels import Labels, within
from iop_outcomes.protocol import STATES
from iop_outcomes.report import (
    KNOWN,
    cohort,
    design,
    explanations,
    methods,
    otherwise,
    phrases_on_dose,
    records,
    results,
    truths,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

Study = Mapping[str, Any]

READING = (
    "Differences are the first arm minus the second, of shares in percentage points. Inverse probability "
    "weighting and the doubly robust method speak for everyone in the comparison, overlap weighting for people "
    "of the kind found in both arms; where there are more than two arms, for everyone in any of them, and for "
    "people of the kind found in all. Rows in red are unadjusted comparisons of arms that were not assigned by "
    "chance. Curves are steps; weighted ones are computed at intervals and held in between."
)

# what is to be known of states other than use, by kind of endpoint
OF_STATES = {
    "state_at_discharge": "Of people who left the index level by the day, as the program recorded them then; who left "
    "when is itself an outcome of the level of care.",
    "state_at_interview": "As people told at the follow-up interview due nearest the day.",
}


def content(
    counts: pd.DataFrame,
    estimates: pd.DataFrame,
    diagnostics: pd.DataFrame,
    study: Study,
    truth: pd.DataFrame | None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of the page by section, in words and formatted numbers. notes: how the source read its files."""
    contrasts = list(study["contrasts"])
    everything = estimates
    counts, estimates, diagnostics = (select.asked_first(t, study) for t in (counts, estimates, diagnostics))
    states = [o for o in Labels(study).endpoints() if Labels(study).kind(o) in STATES]
    of_use, of_states = (estimates[estimates["outcome"].isin(states) == told] for told in (False, True))
    beside = truths.beside(estimates, study, truth) if truth is not None else []
    return {
        "title": study["title"],
        "question": question(study),
        "note": study["source"]["note"],
        "summary": words.summary(estimates, study),
        "gaps": results.gaps(estimates, study),
        "truth": beside,
        "hits": truths.hits(beside),
        "excluded": cohort.excluded(counts),
        "records": records.parts(counts, diagnostics, study),
        "rounded": records.rounded(study),
        "baseline": [t for c in contrasts if (t := cohort.table_one(counts, diagnostics, study, c)) is not None],
        "achieved": [t for c in contrasts if (t := design.achieved(diagnostics, study, c)) is not None],
        "strata": [
            f"{Labels(study).contrast(c)}: {within(said)}"
            for c in contrasts
            for of in (design.one_arm_strata, design.few_in_an_arm)
            if (said := of(diagnostics, study, c))
        ],
        "detectable": design.detectable(diagnostics, study),
        "what_is_detectable": design.what_is_detectable(),
        "difference_risks": design.difference_risks(diagnostics),
        "retention": _by_contrast(estimates, diagnostics, study, "retention"),
        "abstinence": _by_contrast(of_use, diagnostics, study, "abstinence"),
        "behind_abstinence": _behind(counts, of_use, diagnostics, study),
        "states_notes": [OF_STATES[kind] for kind in dict.fromkeys(map(Labels(study).kind, of_states["outcome"]))],
        "states": _by_contrast(of_states, diagnostics, study, "abstinence"),
        "behind_states": _behind(counts, of_states, diagnostics, study),
        "reading": READING,
        "source_notes": list(notes),
        "otherwise": otherwise.tables(everything, study),
        "durations": _durations(estimates, diagnostics, study),
        "why_naive": [phrases_on_dose.WHY_NAIVE[s].format(**d) for s, d in _naive(estimates, study)],
        "hours": [t for name in study["intensities"] for t in results.of_hours(estimates, study, name)],
        "known": known(),
        "methods": methods.describe(study),
        "deviations": explanations.DEVIATIONS,
        "limits": explanations.LIMITS,
        "withheld": _withheld(study),
        "provenance": provenance(study),
    }


def question(study: Study) -> str:
    """What the study asks, in one paragraph."""
    labels = Labels(study)
    asked = [within(labels.contrast(c)) for c in (*study["contrasts"], *study["durations"], *study["intensities"])]
    again = study.get("companions", {}).get("outcomes", ())
    followed = dict.fromkeys(row["outcome"] for row in study["analyses"] if row["outcome"] not in again)
    outcomes = [within(labels.endpoint(o)) for o in followed]
    return f"Compared here: {'; '.join(asked)}. Followed up: {style.sentence(outcomes)}."


def _by_contrast(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: Study, step: str) -> list[results.Table]:
    """Tables of the contrasts that have a number; the others are told of under what could not be estimated."""
    contrasts = study["contrasts"]
    return _numbered([t for c in contrasts for t in results.of_contrast(estimates, diagnostics, study, c, step)])


def _behind(
    counts: pd.DataFrame, estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: Study
) -> list[results.Table]:
    """People by state, for the contrasts and outcomes of the step abstinence that have a number."""
    own = counts[counts["outcome"].isin(list(estimates["outcome"]))]
    return [
        t
        for c in study["contrasts"]
        if _numbered(results.of_contrast(estimates, diagnostics, study, c, "abstinence"))
        for t in results.of_levels(own, study, c, "abstinence")
    ]


def _numbered(tables: list[results.Table]) -> list[results.Table]:
    """The tables that hold a number."""
    return [t for t in tables if any(line.cells for block in t.blocks for line in block.lines)]


def _durations(estimates: pd.DataFrame, diagnostics: pd.DataFrame, study: Study) -> list[results.Table]:
    names = [*study["durations"], *study["contrasts"]]
    return [t for name in names for t in results.of_contrast(estimates, diagnostics, study, name, "dose")]


def _naive(estimates: pd.DataFrame, study: Study) -> list[tuple[str, dict[str, str]]]:
    """What is measured in the durations of a study, each once, with words for the naive comparison."""
    labels = Labels(study)
    found = select.measured(estimates)
    own = found[found["contrast"].isin(list(study["durations"])) & found["stem"].isin(list(phrases_on_dose.WHY_NAIVE))]
    kinds = own.drop_duplicates("stem").to_dict("records")
    return [
        (
            row["stem"],
            {
                "day": str(study["durations"][row["contrast"]]["days"]),
                "event": within(labels.endpoint(row["outcome"])),
            },
        )
        for row in kinds
    ]


def known() -> list[dict[str, str]]:
    """What others have found: source, design and finding, from the list beside this module."""
    with open(KNOWN, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [{name: text.replace(" %", f"{numbers.NARROW}%") for name, text in row.items()} for row in rows]


def _withheld(study: Study) -> str:
    """What 'withheld' means in the tables; '' where nothing is."""
    rules = methods.policy(study)
    if rules.exact:
        return ""
    return (
        f"Withheld: fewer than {rules.minimum_count} people, or a count from which such a one could be worked out. "
        f"{numbers.DASH}: not available, or no number of this kind."
    )


def provenance(study: Study) -> list[tuple[str, str]]:
    """Where the report comes from; nothing in it depends on the day or the machine."""
    source = study["source"]
    simulated = source["kind"] == "synthetic"
    rows = [
        ("Made by", f"iop-outcomes {iop_outcomes.__version__}"),
        ("Cohort", study["cohort"]),
        ("Source", source["citation"] or ("Simulated people" if simulated else "Records of the user")),
    ]
    if simulated:
        rows.append(
            (
                "Simulation",
                f"{numbers.count(source['people'])} people at {numbers.count(source['sites'])} sites, scenario "
                f"{source['scenario']}, seed {source['seed']}",
            )
        )
    return [
        *rows,
        ("Disclosure policy", methods.policy(study).name),
        ("Study as it was run", "study.yaml, beside this report"),
        (
            "Fingerprints",
            "manifest.json, beside this report, holds the SHA-256 of every released file and of its inputs",
        ),
    ]
