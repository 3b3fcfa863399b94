"""The table of verdicts: what each question's estimate says of a margin. It is made of released estimates alone."""

from __future__ import annotations

from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.tables.results import ESTIMATES
from iop_outcomes.vocabulary.directions import DIRECTIONS
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO
from iop_outcomes.vocabulary.verdicts import MARGINS, TOGETHER, VERDICTS

VERDICTS_TABLE = Table(
    "verdicts",
    "One row per question, method, reading of missing answers and margin: is the first arm no worse? Every number "
    "follows from the released estimates.",
    {
        **{name: ESTIMATES.columns[name] for name in ("analysis", "cohort", "contrast", "outcome", "horizon_days")},
        **{name: ESTIMATES.columns[name] for name in ("estimand", "measure")},
        "of": Column("text", "scale of the margin", allowed=(DIFFERENCE, RATIO)),
        "method": ESTIMATES.columns["method"],
        "missing_rule": Column(
            "text", f"how a missing outcome was read, or 'none'; '{TOGETHER}': under every reading that it needs"
        ),
        "by": Column("text", "which margin it is by", allowed=tuple(MARGINS)),
        "family": Column("text", "primary where the protocol says so of this method, else secondary"),
        "leads": Column("flag", "the verdict that speaks for the question"),
        "better": Column("text", "which way is better", allowed=DIRECTIONS),
        "margin": Column("number", "first arm less second, or by it, that is just not acceptable", nullable=True),
        "estimate": ESTIMATES.columns["estimate"],
        "conf_low": Column("number", "lower 95 % limit; of several readings the lowest", nullable=True),
        "conf_high": Column("number", "upper 95 % limit; of several readings the highest", nullable=True),
        "inner_low": Column("number", "lower 90 % limit, by which equivalence is told", nullable=True),
        "inner_high": Column("number", "upper 90 % limit", nullable=True),
        "p_no_worse": Column(
            "number",
            "one-sided p value against being worse by the margin or more; below 0.025: no worse",
            nullable=True,
        ),
        "p_equivalent": Column(
            "number", "p value of two one-sided tests against the margin on both sides; below 0.05: within it",
            nullable=True,
        ),
        "flips_at": Column(
            "number", "a margin further from no difference than this is met, a nearer one is not", nullable=True
        ),
        "n": ESTIMATES.columns["n"],
        "detectable": Column(
            "number", "smallest difference, or ratio, that these people show with 80 % power, by the standard error",
            nullable=True,
        ),
        "needed": Column(
            "number",
            "people like these, both arms together, who would show no worse with 90 % power were there no difference",
            "people",
            nullable=True,
        ),
        "verdict": Column("text", "one of a closed list", allowed=tuple(VERDICTS)),
        "reason": Column("text", "why there is no answer, or which reading of missing answers breaks it; else empty"),
        "rounding_error": ESTIMATES.columns["rounding_error"],
    },
    key=(
        "analysis", "contrast", "outcome", "horizon_days", "estimand", "measure", "of", "method", "missing_rule", "by",
    ),
)  # fmt: skip
