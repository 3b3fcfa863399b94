"""Tables beside the results: what was computed twice, what is known to be true, what columns mean, what was told."""

from __future__ import annotations

from iop_outcomes.tables.declare import Column, Table
from iop_outcomes.tables.results import COUNTS, ESTIMATES, PROPENSITY_SCORE
from iop_outcomes.tables.verdicts import VERDICTS_TABLE
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.trials import PARTS

TWICE = Table(
    "twice",
    "One row per number that was computed a second time, by lifelines or statsmodels, or left out of that by name.",
    {
        "analysis": ESTIMATES.columns["analysis"],
        "contrast": ESTIMATES.columns["contrast"],
        "outcome": Column("text", "name of the outcome"),
        "horizon_days": Column("whole", "day that it speaks of", "day"),
        "method": Column("text", "as in estimates"),
        "missing_rule": Column("text", "as in estimates"),
        "measure": Column(
            "text", "as in estimates, or propensity_score: its log-likelihood", allowed=(*MEASURES, PROPENSITY_SCORE)
        ),
        "of": Column("text", "as in estimates; 'all' of a score, and of a question that was left out whole"),
        "first": Column("number", "by the estimators of this project", nullable=True),
        "second": Column("number", "by the library", nullable=True),
        "library": Column("text", "what the library computed, and its name; empty where none did"),
        "agrees": Column("flag", "to 1e-6 of their size; missing where it was left out", nullable=True),
        "reason": Column("text", "why it was left out; empty where it was not"),
    },
)

TRUTH = Table(
    "truth",
    "Known truths of a synthetic cohort, by Monte Carlo.",
    {
        "contrast": Column("text", "name of the contrast"),
        "outcome": Column("text", "name of the outcome"),
        "horizon_days": Column("whole", "day that it speaks of", "day"),
        "estimand": Column("text", "ATE, ATO, ATT"),
        "measure": Column("text", "as in estimates", allowed=tuple(MEASURES)),
        "of": Column("text", "as in estimates"),
        "hours_per_week": Column("number", "as in estimates", nullable=True),
        "weeks_of_care": Column("whole", "as in estimates", nullable=True),
        "group": Column("text", "arm within which a question is asked; 'all' of other questions"),
        "truth": Column("number", "value"),
        "monte_carlo_error": Column("number", "standard error of the simulation"),
    },
    key=(
        "contrast",
        "outcome",
        "horizon_days",
        "estimand",
        "measure",
        "of",
        "hours_per_week",
        "weeks_of_care",
        "group",
    ),
)

DICTIONARY = Table(
    "dictionary",
    "What the columns of the released tables mean: one row for each.",
    {
        "table": Column("text", "released table"),
        "column": Column("text", "column of it, in its order"),
        "meaning": Column(
            "text", "what it says; in all tables, text that a spreadsheet would compute has an apostrophe in front"
        ),
        "kind": Column("text", "what its cells are", allowed=("text", "whole", "number", "flag")),
        "unit": Column("text", "unit of its numbers; empty without"),
        "values": Column("text", "values that it may hold, between semicolons; empty where any"),
        "nullable": Column("flag", "a cell may be empty"),
        "key": Column("flag", "it is one of the columns that together tell the rows of the table apart"),
        "minimum_cell": Column(
            "whole",
            "fewest people that a number of it may show, under the disclosure policy; missing where it counts no one",
            "people",
            nullable=True,
            low=1,
        ),
    },
    key=("table", "column"),
)

LEDGER = Table(
    "ledger",
    "What a release told of each cell: the next one of the same cohort is held against it. The rows bear no names.",
    {
        "cohort": Column("text", "name of the cohort"),
        "policy": Column("text", "disclosure policy of the release"),
        "minimum_count": Column("whole", "smallest number of people that it shows in a cell", "people", low=1),
        "cell": Column("text", "hash of the cohort and of the columns that tell a row of counts apart"),
        "rounded_to": COUNTS.columns["rounded_to"],
        "count_low": COUNTS.columns["count_low"],
        "count_high": COUNTS.columns["count_high"],
        "seal": Column("text", "hash over all rows: an edited ledger is refused"),
    },
    key=("cell",),
)

TARGET_TRIALS = Table(
    "target_trials",
    "The trials that the estimates stand in for: one row per comparison that is asked about and part of its protocol.",
    {
        "cohort": Column("text", "name of the cohort"),
        "contrast": Column("text", "name of the comparison, as in estimates"),
        "title": Column("text", "what it compares, in words"),
        "part": Column(
            "text", f"{'; '.join(f'{part}: {meant}' for part, (_, meant) in PARTS.items())}", allowed=tuple(PARTS)
        ),
        "by_definition": Column("text", "what the study's own definition says of the part"),
        "by_authors": Column("text", "what its authors say beside that; empty where nothing"),
    },
    key=("contrast", "part"),
)

BESIDE = (TWICE, TRUTH, VERDICTS_TABLE, DICTIONARY, LEDGER, TARGET_TRIALS)
