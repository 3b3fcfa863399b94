"""The report: one HTML file from the released tables, the figures and the study, without a request to anywhere.

In order: figures are read with the words inside them; sentences, tables and methods are made from the tables and the
study, and stand in one document (`sections`); a writer makes a file of it (`page`). No word about the study is typed in
a template.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Picture

if TYPE_CHECKING:
    import pandas as pd


def run(
    counts: pd.DataFrame,
    estimates: pd.DataFrame,
    curves: pd.DataFrame,
    diagnostics: pd.DataFrame,
    figures: Sequence[str] | str,
    study: AsRun,
    protocol: str,
    truth: pd.DataFrame | None = None,
    notes: Sequence[str] | str = (),
    signed: Sequence[str] | str = (),
    verdicts: pd.DataFrame | None = None,
) -> dict[str, str | pd.DataFrame]:
    """The step: the page under the name 'report', the study as it was run under 'protocol', and the tables
    dictionary and target_trials.

    figures: paths of SVG files; protocol: the whole study, merged, as it is written beside the page; notes: path of
    what the source told of its files; signed: path of what was said by who looked at the tables before; verdicts: the
    released verdicts, if any.
    """
    from iop_outcomes.presentation import target_trials
    from iop_outcomes.provenance import dictionary
    from iop_outcomes.release import policy
    from iop_outcomes.report import captions, page, sections

    pictures = [picture(Path(p)) for p in ([figures] if isinstance(figures, str) else figures)]
    told = [Path(p).read_text(encoding="utf-8").splitlines() for p in ([notes] if isinstance(notes, str) else notes)]
    tables = {"counts": counts, "estimates": estimates, "diagnostics": diagnostics}
    if verdicts is not None:
        tables["verdicts"] = verdicts
    lines = [line for said in told for line in said]
    looked = [
        json.loads(Path(p).read_text(encoding="utf-8")) for p in ([signed] if isinstance(signed, str) else signed)
    ]
    drawn = {p.name: captions.told(p, estimates, study) for p in pictures}
    made = sections.document(sections.Sources(tables, study, truth, lines, drawn, next(iter(looked), None)))
    told_of = dictionary.written(policy.asked(study.disclosure))
    return {
        "report": page.render(made),
        "protocol": protocol,
        "dictionary": told_of,
        "target_trials": target_trials.table(study),
    }


def picture(path: Path) -> Picture:
    """A figure as it goes into the page. Raises StudyError where it is not one of this project."""

    try:
        content = path.read_bytes()
        title, alt = _description(content)
    except (OSError, SyntaxError):
        raise StudyError(f"{path} is not a readable SVG file. Delete it and run again.") from None
    if not alt:
        raise StudyError(f"{path} has no description inside. Delete it and run again.")
    uri = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    return Picture(path.stem, title, alt, uri, f"figures/{path.stem}.csv")


def _description(svg: bytes) -> tuple[str, str]:
    """Title and description inside an SVG that a figure was written to."""
    import xml.etree.ElementTree as ElementTree

    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(svg)
    found = [root.findtext(f"{space}{part}", default="") for part in ("title", "desc")]
    return found[0], found[1]
