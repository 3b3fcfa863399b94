"""The identifier gate: what looks like one of the eighteen identifiers of 45 CFR 164.514(b)(2)(i) stops the run.

In order: every column is looked at by the words of its name, cell by cell for what one cell gives away (an e-mail
address, a telephone number, a date), and by what most of its distinct values look like (names of people, ZIP codes,
numbers with a published structure, free text).
Dates of service pass where the study declares a limited data set; birth dates never do. A column that the study allows
for a reason passes under the rule that it is allowed for. Everything else raises one StudyError that names each column
with its rules, and never a value; where the first line looks like data, columns are named by their position.

What no rule can tell: a code that stands for a person elsewhere, in a column with a harmless name. Calendar quarters
('2024Q1') pass, as the cohort's maturity is counted by them; they are finer than Safe Harbor's year.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError
from iop_outcomes.privacy.identifiers.scan import Finding

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from iop_outcomes.privacy.identifiers.contents import Contents

__all__ = ["Finding", "Used", "check_privacy", "examine", "findings"]


@dataclass(frozen=True)
class Used:
    """An allowance that let a column through: column, rule, and the reason that the study gives."""

    column: str
    rule: str
    reason: str


def findings(frame: pd.DataFrame | pa.Table, dates: Collection[str] = ()) -> list[Finding]:
    """What looks like an identifier: one finding per column, rule and kind of evidence, from the left; no values.

    frame: text cells (str or missing), numbers, or an Arrow table. dates: columns known to hold dates.
    """
    from iop_outcomes.privacy.identifiers import contents, scan

    return scan.scan(list(contents.columns(frame)), dates)


def examine(
    frame: pd.DataFrame | pa.Table, where: str, privacy: Mapping[str, object], dates: Collection[str] = ()
) -> list[Used]:
    """Let a frame through the gate, and return the allowances that were used.

    frame: text cells (str or missing), numbers, or an Arrow table, before anything is parsed. where: the file, for the
    message. privacy: the study's `privacy` as a plain dict (protocol.records.Privacy). dates: columns known to hold
    dates of service. Raises StudyError with every column and rule that was hit, never a value.
    """
    from iop_outcomes.privacy.identifiers import contents, scan

    check_privacy(privacy)
    columns = list(contents.columns(frame))
    allowed = {(a["column"], a["rule"]): a["reason"] for a in _allowances(privacy)}
    found = scan.scan(columns, dates)
    if privacy.get("limited_dataset"):
        found = [f for f in found if f.rule != "dates"]
    hits = [f for f in found if (f.column, f.rule) not in allowed]
    if hits:
        raise StudyError(_message(where, hits, columns))
    used = dict.fromkeys((f.column, f.rule) for f in found)
    return [Used(column, rule, allowed[column, rule]) for column, rule in used]


def check_privacy(privacy: Mapping[str, object]) -> None:
    """Hold the allowances of a study to the gate: known rules, and no identifier in what is recorded of them.

    Raises StudyError naming the allowance by its position.
    """
    from iop_outcomes.privacy.identifiers import scan
    from iop_outcomes.privacy.identifiers.rules import BY_NAME

    for i, allowance in enumerate(_allowances(privacy), 1):
        rule = allowance["rule"]
        if rule not in BY_NAME:
            near = difflib.get_close_matches(rule, BY_NAME, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise StudyError(
                f"`privacy.allow`, number {i}: the identifier gate has no such rule.{hint} Known: {', '.join(BY_NAME)}."
            )
        held = scan.in_text(f"{allowance['column']} {allowance['reason']}")
        if held:
            raise StudyError(
                f"`privacy.allow`, number {i}: its words themselves hold what looks like {_listed(held)}. They are "
                "recorded in the manifest, which is released: write them without."
            )


def _allowances(privacy: Mapping[str, object]) -> list[dict[str, str]]:
    allow: Any = privacy.get("allow") or []
    return [{key: str(a[key]) for key in ("column", "rule", "reason")} for a in allow]


def _message(where: str, hits: Sequence[Finding], columns: Sequence[Contents]) -> str:
    """What was hit, column by column, and what to do about each rule."""
    from iop_outcomes.privacy.identifiers import scan
    from iop_outcomes.privacy.identifiers.rules import BY_NAME

    label = dict(scan.shown(columns))
    by_column: dict[int, dict[str, list[str]]] = {}
    for hit in hits:
        by_column.setdefault(hit.position, {}).setdefault(hit.rule, []).append(f"its {hit.evidence}")
    said = "; ".join(
        f"{label[position]} looks like " + _listed(f"{rule} ({' and '.join(how)})" for rule, how in rules.items())
        for position, rules in by_column.items()
    )
    rules = dict.fromkeys(hit.rule for hit in hits)
    advice = " ".join(f"On {rule}: {BY_NAME[rule].advice}." for rule in rules if BY_NAME[rule].advice)
    headless = any(text.startswith("column ") for text in label.values())
    return (
        f"{where} holds what may identify people, and was not read: {said}. "
        + ("Columns are given by their position, as the first line may not be a header. " if headless else "")
        + "Remove these columns, or run `iop-outcomes deidentify` on the export. "
        + (f"{advice} " if advice else "")
        + "A column that identifies nobody passes with an entry in `privacy.allow` of the cohort's file: its column, "
        "rule and reason, which go into the manifest."
    )


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
