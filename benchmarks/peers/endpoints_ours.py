"""Every endpoint of use patterns that is published, of a file of patterns: a text per line, one symbol per week.

    python benchmarks/peers/endpoints_ours.py <file> [three]

Prints {"seconds", "mb", "values", "endpoints"} of CPU on one thread, reading the file not among it. With `three` it is
those of endpoints.R, and `values` their means.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from iop_outcomes.patterns.evaluate import evaluate
from iop_outcomes.patterns.pattern import from_strings
from iop_outcomes.patterns.published import find, published
from iop_outcomes.patterns.words import AS_OPERATIONALISED
from iop_outcomes.steps.runner import peak_mb

THREE = ["Rd_fiellin_2006", "Rs_ctnNinetyFour_2023", "Ab_schottenfeldB_2008"]


def main() -> None:
    """Evaluate and report."""
    texts = Path(sys.argv[1]).read_text(encoding="ascii").splitlines()
    asked = find(THREE if "three" in sys.argv else [], AS_OPERATIONALISED, published())
    start = time.process_time()
    found = evaluate(from_strings(range(len(texts)), texts), asked)
    seconds = time.process_time() - start
    values = [float(found[name].values.mean()) for name in THREE]
    print(json.dumps({"seconds": seconds, "mb": peak_mb(), "values": values, "endpoints": len(found)}))


if __name__ == "__main__":
    main()
