"""The one place where the word snakemake stands: hand a rule's files and settings to the step that it names."""

import gc
import os
import sys

from iop_outcomes.steps.runner import main

# a step is short and its tables are arrays: to look for cycles among all that libraries made takes a tenth of a start
gc.disable()
os.environ["IOP_OUTCOMES_THREADS"] = str(snakemake.threads)  # noqa: F821
# linear algebra on one thread: that of two jobs would wait for each other, and sums may differ by the number of cores
for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(library, "1")
ended = main(
    snakemake.params.step,  # noqa: F821
    dict(snakemake.input.items()),  # noqa: F821
    dict(snakemake.output.items()),  # noqa: F821
    dict(snakemake.params.settings),  # noqa: F821
    snakemake.log[0],  # noqa: F821
)
# nor need what was imported be looked through as the process ends
gc.freeze()
sys.exit(ended)
