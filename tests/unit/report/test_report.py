"""The report from tiny hand-made released tables: its page, and every number on it."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import math
import re
from pathlib import Path

import jinja2
import pandas as pd
import pytest
from parsed_page import Page
from released_study import NARROW, counts, diagnostics, empty, estimates, plain_study, released, study, truth, words

from iop_outcomes import figures, report
from iop_outcomes.errors import StudyError
from iop_outcomes.presentation import numbers
from iop_outcomes.protocol import AsRun
from iop_outcomes.report import document, material, page, sections

BANNED = "no significant difference"


# ------------------------------------------------------------------------------------------------------ every number


def shown_numbers(text: str) -> set[str]:
    """Numbers of a text as they are written, without signs; thousands together."""
    return {n.replace(NARROW, "") for n in re.findall(rf"\d+(?:{NARROW}\d{{3}})*(?:\.\d+)?", text)}


def known_numbers(table: pd.DataFrame, whole: AsRun) -> set[str]:
    """Every number that the estimates or the study can put into a sentence, in every form."""
    values = [v for c in ("estimate", "conf_low", "conf_high") for v in table[c].dropna()]
    forms = (numbers.percent, numbers.points, numbers.ratio, numbers.days, lambda v: numbers.size(abs(v)))
    found = {n for v in values for form in forms for n in shown_numbers(form(v))}
    found |= {str(int(d)) for d in table["horizon_days"].dropna()}
    found |= {n for r in table["reason"] for n in shown_numbers(r)}
    found |= {numbers.plain(100 * whole.inference.confidence_level)}
    for part in (*whole.contrasts.values(), *whole.durations.values(), *whole.intensities.values()):
        found |= shown_numbers(part.title)
    found |= {n for endpoint in whole.endpoints.values() for n in shown_numbers(endpoint.label)}
    found |= {str(d.days) for d in whole.durations.values()}
    for asked in whole.strategies.values():
        found |= {n for words in (asked.title, *(s.label for s in asked.sides)) for n in shown_numbers(words)}
        # by how much the naive difference is away from the weighted one
        gaps = table[(table["contrast"] == "stays") & (table["of"] == "difference")]["estimate"]
        found |= shown_numbers(numbers.size(abs(gaps.max() - gaps.min())))
    for bend in whole.thresholds.values():
        found |= shown_numbers(bend.title) | {str(n) for n in bend.weeks}
    for intensity in whole.intensities.values():
        found |= {str(intensity.window_days)} | {numbers.plain(h) for pair in intensity.compare.values() for h in pair}
    for doses in whole.doses.values():
        found |= {numbers.plain(n) for n in (*doses.hours, *doses.weeks, doses.fewest_near, *doses.truncated)}
        # by how much the naive gain of more hours is away from the right one
        right = table[(table["contrast"] == "grid") & (table["of"] == "iop") & (table["weeks_of_care"] == 13)]
        gains = right.groupby("method")["estimate"].agg(lambda values: values.max() - values.min())
        found |= shown_numbers(numbers.size(gains.max() - gains.min()))
    return found | {"1"}  # "an interval that holds 1"


def summary_text(page_html: str) -> str:
    return visible(page_html.split('id="summary"')[1].split("</section>")[0])


def test_every_number_of_the_summary_is_in_the_estimates(rendered: str) -> None:
    strange = shown_numbers(summary_text(rendered)) - known_numbers(estimates(), study())
    assert not strange
    assert len(shown_numbers(summary_text(rendered))) > 25


def test_the_check_on_numbers_finds_a_typed_one(rendered: str) -> None:
    other = estimates()
    other.loc[(other["measure"] == "risk") & (other["of"] == "difference"), "conf_low"] -= 0.0173
    assert shown_numbers(summary_text(rendered)) - known_numbers(other, study())


# --------------------------------------------------------------------------------------------------------------- page


def visible(source: str) -> str:
    """Text and alternative texts, as a reader or a screen reader gets them."""
    reader = Loose(source)
    return " ".join([*reader.text, *(str(a.get("alt", "")) for a in reader.of("img"))])


class Loose(Page):
    """A part of a page, whose first and last tags need not match."""

    def __init__(self, source: str) -> None:
        html.parser.HTMLParser.__init__(self)
        self.tags, self.text, self.open = [], [], []
        self.feed(source)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("figures")
    made = figures.run(**released(), names=list(figures.TITLES), study=words(), truth=truth())
    for name in figures.TITLES:
        (folder / f"{name}.svg").write_bytes(made[f"{name}_svg"])
    return [str(p) for p in sorted(folder.glob("*.svg"))]


@pytest.fixture(scope="module")
def rendered(pictures: list[str]) -> str:
    return report.run(**released(), figures=pictures, study=study(), protocol="", truth=truth())["report"]


def test_the_page_is_well_made(rendered: str) -> None:
    found = Page(rendered)
    assert found.of("html") == [{"lang": "en"}]
    assert len(found.of("h1")) == 1
    headings = [int(t[1]) for t, _ in found.tags if re.fullmatch(r"h[1-6]", t)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert all(a.get("scope") in ("col", "row", "rowgroup") for a in found.of("th"))
    assert len(found.of("caption")) == len(found.of("table")) > 8
    assert len(found.of("img")) == len(figures.TITLES)
    assert all(a["alt"] for a in found.of("img"))
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in found.of("a")} <= set(ids)


def test_the_page_asks_for_nothing(rendered: str) -> None:
    found = Page(rendered)
    sources = [
        str(a[k]) for _, a in found.tags for k in ("src", "href", "srcset", "action", "poster", "data") if k in a
    ]
    assert sources
    assert all(s.startswith(("data:", "#")) for s in sources)
    assert not found.of("script")
    assert "url(" not in rendered
    assert "@import" not in rendered
    assert {"rel": "icon", "href": "data:,"} in found.of("link")


FORBIDDEN = (
    BANNED, "missing_is_using", "observed_only", "landmark_adjusted", "as_observed", "iop_vs_res",
    "unplanned_discharge",
    "dose_response", "hazard_ratio", "stay_90", "left_earlier", "event_free", "one_arm_strata",
    "site_id", "group_by",
)  # fmt: skip


def test_no_code_and_no_missing_value_reaches_the_reader(rendered: str) -> None:
    text = visible(rendered)
    for name in FORBIDDEN:
        assert name not in text
    assert not re.search(r"\b(nan|none|null|inf|<na>)\b", text.replace("none of", ""), flags=re.IGNORECASE)
    assert "{{" not in text
    assert "-0" not in text


def test_missing_numbers_become_words_or_dashes(pictures: list[str]) -> None:
    """Every number taken away, in tables that say they have them."""
    table = estimates()
    table[["estimate", "std_error", "conf_low", "conf_high", "n_effective"]] = math.nan
    table["n"] = pd.array([pd.NA] * len(table), dtype="Int64")
    made = diagnostics().assign(value=math.nan)
    given = released(estimates=table, diagnostics=made)
    page_html = report.run(**given, figures=pictures, study=study(), protocol="")["report"]
    assert not re.search(r"\bnan\b", visible(page_html), flags=re.IGNORECASE)
    assert "not available" in visible(page_html)


def test_a_page_without_any_result_can_be_read(pictures: list[str]) -> None:
    found = Page(report.run(**empty(), figures=pictures[:1], study=study(), protocol="")["report"])
    assert "In plain words" in found.text
    assert not found.of("nav") or all(str(a["href"]).startswith("#") for a in found.of("a"))


def test_words_of_a_study_cannot_become_tags(pictures: list[str]) -> None:
    whole = plain_study(title="<script>alert(1)</script> & <b>bold</b>")
    whole["contrasts"]["iop_vs_res"]["first"]["label"] = "<img src=x>"
    found = Page(report.run(**released(), figures=pictures, study=AsRun.model_validate(whole), protocol="")["report"])
    assert not found.of("script")
    assert not found.of("b")
    assert len(found.of("img")) == len(pictures)


def test_the_same_tables_give_the_same_page(pictures: list[str], rendered: str) -> None:
    assert report.run(**released(), figures=pictures, study=study(), protocol="", truth=truth())["report"] == rendered


def test_the_page_names_no_place_of_a_machine(rendered: str, pictures: list[str]) -> None:
    text = visible(rendered)
    assert str(Path(pictures[0]).parent) not in rendered
    assert "manifest.json" in text
    assert "seed 20260101" in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", text)


def test_a_template_without_its_content_is_an_error() -> None:
    section = document.Section("limits", "Limits", (document.Terms((("a term", None),)), None))  # type: ignore[arg-type]
    with pytest.raises(jinja2.UndefinedError):
        page.render(document.Document("t", "q", "", "p", "p", (section,)))


def test_a_section_with_nothing_to_say_is_left_out() -> None:
    whole = sections.document(sources())
    assert {s.id for s in whole.sections} - {s.id for s in whole.told} == {
        "alike",
        "asked",
        "truth",
        "otherwise",
        "states",
    }
    assert {s.id for s in sections.document(sources(truth())).told} >= {"truth"}
    assert [s.id for s in whole.sections] == [name for name, *_ in sections.SECTIONS]


def sources(known: pd.DataFrame | None = None) -> material.Sources:
    tables = {"counts": counts(), "estimates": estimates(), "diagnostics": diagnostics()}
    return material.Sources(tables, study(), known)


def test_no_number_is_typed_in_the_templates() -> None:
    for path in page.TEMPLATES.glob("*.j2"):
        text = re.sub(r"\{[{%].*?[%}]\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        assert not re.search(r"\d", text), path.name


def test_a_file_that_is_no_figure_of_ours_is_refused(tmp_path: Path) -> None:
    for content in ("<svg xmlns='http://www.w3.org/2000/svg'/>", "no svg"):
        path = tmp_path / "x.svg"
        path.write_text(content)
        with pytest.raises(StudyError, match="Delete it and run again"):
            report.picture(path)
    with pytest.raises(StudyError, match="not a readable SVG"):
        report.picture(tmp_path / "absent.svg")


def test_what_others_found_stands_with_what_was_seen_of_it() -> None:
    told = {s.id: s.items for s in sections.document(sources(truth())).told}["known"]
    printed, studies = (item for item in told if isinstance(item, document.Table))
    assert sum(len(b.lines) for b in studies.blocks) >= 19
    assert all(line.label and all(line.cells) for b in studies.blocks for line in b.lines)
    (line,) = (x for x in printed.blocks[0].lines if x.label.startswith("Alterman") and x.cells[1] == "Completed")
    assert line.cells[0] == "Day hospital (by its hours partial hospitalization), 27 h a week; Inpatient, 48 h a week"


def test_tables_are_plain_data() -> None:
    told = {s.id: s.items for s in sections.document(sources(truth())).told}
    assert all(dataclasses.is_dataclass(item) for items in told.values() for item in items)
    assert [i.text for i in told["truth"] if isinstance(i, document.Paragraph)][1].startswith("Adjusted: ")
