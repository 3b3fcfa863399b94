"""Strategies of staying as a study writes them: what each asks of people, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iop_outcomes.protocol import Stay, Strategies


def stay(name: str, kind: str, weeks: int, **more: int) -> dict[str, object]:
    return {"name": name, "label": name.title(), "stay": kind, "weeks": weeks, **more}


@pytest.mark.parametrize(
    ("asked", "leaves", "decided"),
    [
        (stay("a", "at_least", 13), (13, None), 12),
        (stay("a", "exactly", 4), (4, 4), 4),
        (stay("a", "exactly", 4, grace_weeks=2), (4, 6), 6),
        (stay("a", "at_most", 4), (1, 4), 4),
        (stay("a", "at_most", 4, grace_weeks=1), (1, 5), 5),
    ],
)
def test_when_those_who_follow_it_leave(asked, leaves, decided):
    found = Stay.model_validate(asked)
    assert (found.leaves, found.decided) == (leaves, decided)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (stay("a", "at_least", 1), stay("b", "exactly", 1), "asks nothing of anyone"),
        (stay("a", "at_least", 9, grace_weeks=1), stay("b", "exactly", 4), "grace_weeks. is for leaving"),
        (stay("a", "at_least", 4), stay("b", "exactly", 4), "leaves in week 4 follows both"),
        (stay("a", "at_least", 4), stay("b", "at_least", 8), "leaves in week 8 follows both"),
        (stay("a", "exactly", 4, grace_weeks=4), stay("b", "at_least", 8), "leaves in week 8 follows both"),
        (stay("a", "at_least", 8), stay("a", "exactly", 4), "names of their own"),
        (stay("a", "at_least", 8), stay("b", "at_most", 0), "greater than or equal to 1"),
    ],
)
def test_what_asks_nothing_or_does_not_part_people_is_refused(first, second, said):
    with pytest.raises(ValidationError, match=said):
        Strategies.model_validate({"title": "t", "contrast": "c", "arm": "iop", "first": first, "second": second})
