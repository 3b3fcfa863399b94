"""What the intervals of a use pattern say, on patterns small enough to read."""

from __future__ import annotations

import parts
from cohort_rows import people
from pattern_rows import RULES, use_patterns

from iop_outcomes.cohort import weekly
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES, check


def said(texts: dict[str, str], horizon: int = 365, **asked) -> dict[str, str]:
    """A letter for each week: Y, N, missing, dead, or not asked."""
    endpoint = parts.endpoint("o", "weekly_screens", substance="opioid", **asked)
    found = weekly.run(people(*texts), use_patterns(texts), RULES, [endpoint], {"o": [7, horizon]})
    check(TABLES["abstinence"], found)
    letter = found["abstinent"].map({True: "Y", False: "N"}).astype(object)
    letter = letter.where(found["abstinent"].notna(), found["mature"].map({True: "m", False: "_"}))
    found = found.assign(letter=letter.mask(found["dead"], "d")).sort_values("horizon_days")
    return {who: "".join(own["letter"]) for who, own in found.groupby("person_id")}


def test_each_state_of_an_interval_says_one_thing():
    assert said({"a": "-+*o_ex-", "b": "--"}) == {"a": "YNNm__dY", "b": "YY"}


def test_weeks_end_by_the_horizon_and_begin_from_the_day_on():
    assert said({"a": "-+-+"}, horizon=20) == {"a": "YNY"}
    assert said({"a": "-+-+"}, horizon=19) == {"a": "YN"}
    assert said({"a": "-+-+"}, from_day=7) == {"a": "NYN"}


def test_what_counts_is_said_by_the_endpoint():
    assert said({"a": "-+*o"}, counts="negative, mixed") == {"a": "YNYm"}
    assert said({"a": "-+*o"}, counts="negative") == {"a": "YNNm"}


def test_weeks_are_dated_to_their_last_day():
    endpoint = parts.endpoint("o", "weekly_screens", substance="opioid")
    for begins, days in ((0, [6, 13]), (1, [7, 14])):
        found = weekly.run(people("a"), use_patterns({"a": "-+"}), Use(begins=begins), [endpoint], {"o": [84]})
        assert found["horizon_days"].tolist() == days


def test_other_kinds_have_no_weeks():
    asked = [parts.endpoint("o", "screen", substance="opioid")]
    assert weekly.run(people("a"), use_patterns({"a": "-"}), RULES, asked, {"o": [84]}).empty
