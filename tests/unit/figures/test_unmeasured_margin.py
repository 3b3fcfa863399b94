"""The plane of an unmeasured confounder with a margin: its line, where it lies, and its words."""

from __future__ import annotations

import pytest
from released_study import released, study, words

from iop_outcomes.estimators.two_by_two.unmeasured import bias_factor, e_value
from iop_outcomes.figures import style, unmeasured

MARGIN = {
    "outcome": "unplanned_discharge", "measure": "risk", "of": "ratio", "margin": 1.25,
    "reason": "So much worse would still be acceptable here.",
}  # fmt: skip


def test_on_the_line_the_estimate_is_brought_to_the_margin_and_no_further() -> None:
    figure = unmeasured.draw(style.Tables(**released()), words(study(margins={"own": MARGIN})))
    line = figure.data[figure.data["part"] == unmeasured.MARGIN]
    factors = [bias_factor(*pair) for pair in zip(line["with_arm"], line["with_outcome"], strict=True)]
    assert factors == pytest.approx([2.07 / 1.25] * len(line))
    assert f"{e_value(2.07 / 1.25):.2f} to bring it to the margin" in figure.alt


def test_without_margins_there_is_no_such_line() -> None:
    figure = unmeasured.draw(style.Tables(**released()), words())
    assert unmeasured.MARGIN not in set(figure.data["part"])
    assert "margin" not in figure.alt
