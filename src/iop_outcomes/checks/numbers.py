"""Counts and limits as the disclosure policy of a study lets `check` say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from iop_outcomes.release.policy import Policy


def shown(count: int, rules: Policy) -> str:
    """A count as the policy lets it be seen."""
    return f"fewer than {rules.minimum_count}" if rules.small(count) else f"{rules.rounded(count):,}"


def reached(last: NDArray[np.int64], rules: Policy) -> tuple[int | None, str]:
    """What as many people reach as may be shown, None where there are not so many; and how many these are, in words."""
    least = max(rules.minimum_count, 1)
    found = int(np.sort(last)[-least]) if len(last) >= least else None
    return found, "1 person" if least == 1 else f"{least} people"
