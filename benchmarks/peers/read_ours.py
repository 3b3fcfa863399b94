"""`sources` on files: `read_ours.py SOURCE KIND PATH` reads them by the package under SOURCE, and prints its cost.

SOURCE: the folder `src` of this checkout or of an older one. KIND: tedsd, or mapping (one text export of stays and
persons). CPU seconds from the first file to the canonical tables, the identifier gate, spelling and all checks within;
the value is the rows of stays and persons.
"""

from __future__ import annotations

import json
import resource
import sys
import time

sys.path.insert(0, sys.argv[1])

from iop_outcomes import sources
from iop_outcomes.protocol.records import Source

COLUMNS = {
    "stays": {
        "person_id": "client",
        "stay_id": "episode",
        "site_id": "site",
        "level_of_care": {"column": "loc", "codes": {"IOP": "2.1", "RES": "3.5", "OP": "1"}},
        "start_day": "admitted",
        "end_day": "discharged",
        "discharge_reason": {"column": "dis", "codes": {"1": "completed", "2": "unplanned"}, "other": "other"},
        "planned_days": "planned",
        "program_type": {"value": "substance_use"},
    },
    "persons": {"person_id": "client", "age": "age", "sex": {"column": "sex", "codes": {"F": "female", "M": "male"}}},
}


def settings(kind: str, path: str) -> dict[str, object]:
    """The settings of the source, with dates of service let in."""
    if kind == "tedsd":
        return {"kind": kind, "path": path, "privacy": {}}
    tables = {
        name: {"columns": columns, "ignore_others": True} | ({"first_by": "admitted"} if name == "persons" else {})
        for name, columns in COLUMNS.items()
    }
    source = Source.model_validate(
        {"kind": kind, "path": path, "dates": "calendar", "extract_date": "2024-12-31", "tables": tables}
    )
    return {**source.model_dump(mode="json"), "privacy": {"limited_dataset": True, "allow": []}}


if __name__ == "__main__":
    kind, path = sys.argv[2:4]
    began = time.process_time()
    found = sources.read(kind, settings(kind, path))
    seconds = time.process_time() - began
    print(
        json.dumps(
            {
                "seconds": seconds,
                "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
                "value": float(len(found["stays"]) + len(found["persons"])),
                "error": 0.0,
            }
        )
    )
