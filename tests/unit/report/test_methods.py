"""What the report says of how it was made, from the words of a study."""

from __future__ import annotations

from parts import endpoint
from released_study import NARROW, study

from iop_outcomes.protocol import AsRun
from iop_outcomes.report import methods
from iop_outcomes.report.methods_part import Part


def paragraph(whole: AsRun, heading: str) -> Part:
    return next(p for p in methods.describe(whole) if p.heading == heading)


def test_methods_follow_the_study() -> None:
    whole = study(
        population={"minimum_age": 21, "washout_days": 0},
        care={"gap_days": 33},
        gate={"max_standardised_difference": 0.07, "min_effective_share": 0.44, "max_weight": 12, "min_events": 17},
        inference={"cluster": "person", "confidence_level": 0.9},
        disclosure={"policy": "opensafely", "minimum_count": 12},
    )
    assert paragraph(whole, "People").text.endswith("Excluded, in this order: under 21 years.")
    assert (
        "no more than 33 days apart, counted from the last day of one to the first day of the next, belong to one "
        "episode: at most 32 days without care lie between them."
    ) in paragraph(whole, "Time zero and episodes").text
    gates = paragraph(whole, "Gates").text
    assert all(n in gates for n in ("0.07", f"44{NARROW}%", "12 times", "at least 17 people"))
    uncertainty = paragraph(whole, "Uncertainty").text
    assert f"90{NARROW}%" in uncertainty
    assert "People are taken as independent." in uncertainty
    disclosure = paragraph(whole, "Disclosure").text
    assert "No number of 1 to 11 people is shown" in disclosure
    assert "rounded to the nearest 5" in disclosure
    assert "fewer than 6 values" in disclosure


def test_the_mean_of_weights_is_said_where_some_have_one() -> None:
    whole = study(gate={"max_mean_weight_gap": 0.17})
    assert "further from it than 0.17" in paragraph(whole, "Gates").text
    crude = [row for row in whole.analyses if row.method == "crude"]
    assert "have the mean 1" not in paragraph(whole.model_copy(update={"analyses": crude}), "Gates").text


def test_that_people_at_risk_are_rounded_is_said_where_an_event_is_asked_about() -> None:
    said = "a first overdose are rounded likewise"
    whole = study(disclosure={"policy": "cms"})
    assert said not in paragraph(whole, "Disclosure").text
    again = {
        "endpoints": {**whole.endpoints, "readmitted": endpoint("readmitted", "readmitted", label="Return to care")},
        "analyses": [*whole.analyses, whole.analyses[0].model_copy(update={"outcome": "readmitted"})],
    }
    assert said in paragraph(whole.model_copy(update=again), "Disclosure").text
    assert said not in paragraph(study(disclosure={"policy": "none"}).model_copy(update=again), "Disclosure").text


def test_only_methods_that_were_asked_for_are_described() -> None:
    whole = study()
    terms = {term for term, _ in paragraph(whole, "Estimators").points}
    assert "Overlap weighting" in terms
    assert "Inverse probability weighting" not in terms
    robust = whole.model_copy(update={"analyses": [r for r in whole.analyses if r.method == "aipw"]})
    assert [t for t, _ in paragraph(robust, "Estimators").points] == ["Doubly robust"]


def test_contrasts_with_arms_alongside_name_them_and_what_must_hold_all() -> None:
    whole = study()
    partial = {"name": "partial", "label": "Partial hospitalization", "values": ["2.5"]}
    contrasts = {
        name: type(one).model_validate(one.model_dump() | {"further_arms": [partial], "randomised": False})
        for name, one in whole.contrasts.items()
    }
    text = paragraph(whole.model_copy(update={"contrasts": contrasts}), "Arms").points[0][1]
    assert "Alongside: partial hospitalization (2.5). A multinomial score tells all three arms apart" in text
    assert text.endswith("A site must hold every arm to count.")
    assert "A site must hold both arms to count." in paragraph(whole, "Arms").points[0][1]
    assert not any("{" in part.text or "{" in "".join(t for _, t in part.points) for part in methods.describe(whole))
