"""The trials that estimates stand in for, as the report prints them and the release holds them."""

from __future__ import annotations

from parsed_page import Page
from released_study import released, study

from iop_outcomes import report
from iop_outcomes.presentation import target_trials
from iop_outcomes.tables import TABLES, check
from iop_outcomes.vocabulary.trials import PARTS


def test_they_stand_in_the_report_and_in_the_release() -> None:
    whole = study(trials={"all": {"assignment": "Nobody chose."}})
    told = report.run(**released(), figures=[], study=whole, protocol="")
    section = Page(str(told["report"]).split('id="trials"')[1].split("</section>")[0]).text
    table = told["target_trials"]
    check(TABLES["target_trials"], table)
    for one in target_trials.trials(whole):
        assert one.title in section
        assert all(one.text(part) in section for part in PARTS)
        own = table[table["contrast"] == one.name]
        assert dict(zip(own["part"], own["by_definition"], strict=True)) == one.derived
        assert dict(zip(own["part"], own["by_authors"], strict=True)) == one.added
