"""Disclosure policies as data, and the arithmetic that they ask for.

A policy names the smallest number of people that may be shown, whether a zero may be shown, the base to which
counts are rounded after suppression, the digits of diagnostics and the grid of adjusted curves. A study may
make its policy stricter, never looser.

Sources: CMS cell size suppression policy (ResDAC article 1506, 2024: no cell of 1 to 10, nor anything that
lets one be derived; zero is allowed). OpenSAFELY statistical disclosure control (counts of 7 or fewer are
redacted, then counts are rounded to the nearest 5; survival curves are counted in midpoints of six). ACRO, of the SACRO
project (AI-SDC 2023: threshold 10, ten residual degrees of freedom, two people hold less than nine tenths of a sum,
zeros disclose). Strict: for research under 42 CFR Part 2, of which reports may hold aggregates only (section 2.52(b)).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Disclosure

# people who are counted by several tables, so that a few could be had as a difference, are rounded at least to this
OVERLAP_BASE = 5


@dataclass(frozen=True)
class Policy:
    """What may be let out.

    minimum_count: smallest number of people in a cell, at least 1. zeros_allowed: an empty cell may be shown; that two
    cells differ by nobody may be seen either way, as a difference of two cells is none itself.
    rounding_base: counts are multiples of it, at least 1. bases: the bases that a release may choose among, finest
    first, where that keeps more than withholding. digits: decimals of diagnostics and effective sample sizes.
    curve_step_days: curves have points on multiples of it. midpoint: of curves, counts are told as the middle of so
    many, 0 for not. residual_degrees: fewest residual degrees of freedom of a model. dominance: greatest share of a sum
    that two people may hold. held: the release is held against an earlier one, so that the size of a group is told by
    its cells alone.
    """

    name: str
    minimum_count: int
    zeros_allowed: bool
    rounding_base: int
    digits: int
    curve_step_days: int
    bases: tuple[int, ...] = (1,)
    midpoint: int = 0
    residual_degrees: int = 0
    dominance: float = 1.0
    held: bool = False

    def __post_init__(self) -> None:
        if min(self.minimum_count, self.rounding_base, self.curve_step_days) < 1 or self.digits < 0:
            raise StudyError(
                f"The disclosure policy '{self.name}' needs a minimum count, a rounding base and a curve "
                "step of at least 1, and digits of at least 0. Correct it in the config under `disclosure`."
            )

    @property
    def exact(self) -> bool:
        """Everything may be shown as it is."""
        return self.minimum_count == 1 and self.rounding_base == 1 and self.zeros_allowed

    @property
    def protection(self) -> int:
        """Fewest values that must remain possible of a number of people that is too small to be shown: half of those
        that a small cell can have.
        """
        return max(1, -(-(self.minimum_count - 1) // 2))

    @property
    def reason(self) -> str:
        """What stands in place of a number that is withheld."""
        return f"fewer than {self.minimum_count} people in a cell"

    def small(self, count: int) -> bool:
        """The cell holds too few people to be shown."""
        return count < self.minimum_count and (count > 0 or not self.zeros_allowed)

    def rounded(self, count: int) -> int:
        """The count rounded to the nearest multiple of the base, halves upwards."""
        return (2 * count + self.rounding_base) // (2 * self.rounding_base) * self.rounding_base

    def blurred(self, count: int, base: int) -> int:
        """The count rounded to at least `base`, where anything is withheld at all; a count that may be shown is
        not rounded to one that may not.
        """
        if self.exact or count == 0:
            return count
        least = -(-self.minimum_count // self.coarser(base)) * self.coarser(base)
        return max(replace(self, rounding_base=self.coarser(base)).rounded(count), least)

    def alike(self, count: int, base: int) -> tuple[int, int]:
        """The least and the greatest count that are shown as this one is, rounded to at least `base`."""
        if self.exact or count == 0:
            return count, count
        shown, width = self.blurred(count, base), self.coarser(base)
        first = shown == self.blurred(self.minimum_count, base)
        return self.minimum_count if first else shown - width // 2, shown + (width - 1) // 2

    def coarser(self, base: int) -> int:
        """The base of the policy, or `base` where that is larger."""
        return max(base, self.rounding_base)

    def rounded_size(self, size: float, base: int = 1) -> float:
        """An effective number of people, rounded as people are, to at least `base`; to the policy's digits where
        people are not rounded.
        """
        rules = self if self.exact else replace(self, rounding_base=self.coarser(base))
        if rules.rounding_base == 1 or size != size:
            return round(size, self.digits)
        return float(rules.rounded(round(size)))


POLICIES: dict[str, Policy] = {
    p.name: p
    for p in (
        Policy("cms", 11, zeros_allowed=True, rounding_base=1, digits=3, curve_step_days=7, bases=(1, 5, 10)),
        Policy(
            "opensafely", 8, zeros_allowed=True, rounding_base=5, digits=2, curve_step_days=7, bases=(5, 10), midpoint=6
        ),
        Policy(
            "acro", 10, zeros_allowed=False, rounding_base=1, digits=3, curve_step_days=7, bases=(1, 5, 10),
            residual_degrees=10, dominance=0.9,
        ),
        Policy("strict", 11, zeros_allowed=False, rounding_base=5, digits=2, curve_step_days=7, bases=(5, 10)),
        Policy("none", 1, zeros_allowed=True, rounding_base=1, digits=15, curve_step_days=1),
    )
}  # fmt: skip


def asked(disclosure: Disclosure) -> Policy:
    """The policy that a study asks for, with its stricter settings. Raises StudyError for a looser rule."""
    return choose(disclosure.policy, disclosure.minimum_count, disclosure.rounding_base)


def choose(name: str, minimum_count: int | None = None, rounding_base: int | None = None) -> Policy:
    """The named policy, made stricter where asked. Raises StudyError for an unknown name or a looser rule."""
    if name not in POLICIES:
        near = difflib.get_close_matches(name.lower(), POLICIES, 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise StudyError(
            f"The disclosure policy '{name}' is not known.{hint} Known: {', '.join(POLICIES)}. "
            "Name one of them in the config under `disclosure: policy`."
        )
    policy = POLICIES[name]
    for key, value in {"minimum_count": minimum_count, "rounding_base": rounding_base}.items():
        least = getattr(policy, key)
        if value is not None and value < least:
            raise StudyError(
                f"The config asks for `disclosure: {key}: {value}`, which is looser than the policy '{name}' "
                f"({key} {least}). A study may only make its policy stricter: leave the key out, or give at "
                f"least {least}."
            )
    return replace(
        policy,
        minimum_count=minimum_count or policy.minimum_count,
        rounding_base=rounding_base or policy.rounding_base,
    )
