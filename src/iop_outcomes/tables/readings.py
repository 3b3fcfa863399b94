"""How the cells of an export were read where the mapping lists codes, or where there was a choice."""

from __future__ import annotations

from iop_outcomes.tables.declare import Column, Table

# what becomes of a cell of a column whose codes a mapping lists
LISTED, OTHER, KEPT, EMPTY, NEVER = "listed", "other", "kept as it is", "empty", "never found"
CODES = (LISTED, OTHER, KEPT, EMPTY, NEVER)
# a level of care that the code, or another column of the row, might have made another one
SEVERAL, BESIDE = "several levels", "another column"
# ages that were moved to day 0; people whose age may be that of an earlier record, as the mapping does not say
AGE_MOVED, AGE_OPEN = "age moved", "age not said"
OUTCOMES = (*CODES, SEVERAL, BESIDE, AGE_MOVED, AGE_OPEN)

READINGS = Table(
    "readings",
    "Per column whose codes a mapping lists: rows with a listed code, with others by code, and without any; the first "
    "four outcomes add up to the rows that no filter left out. Then choices among levels of care, of the same rows.",
    {
        "table": Column("text", "canonical table"),
        "column": Column("text", "canonical column"),
        "outcome": Column(
            "text",
            "listed; other, for codes that became what `other` says; kept as it is; empty; never found, for listed "
            "codes; several levels, for codes that the crosswalk marks so; another column, for rows in which another "
            "column of the file tells another level; age moved, and age not said, for ages on day 0",
            allowed=OUTCOMES,
        ),
        "code": Column(
            "text",
            "code as the file has it, of those not listed; of choices the column",
            nullable=True,
            identifies=True,
        ),
        "meaning": Column("text", "canonical value that it was given", nullable=True),
        "instead": Column("text", "values that might stand in its place", nullable=True),
        "rows": Column("whole", "rows", low=0),
        "people": Column("whole", "people in these rows, where they were counted", nullable=True, low=0),
    },
)
