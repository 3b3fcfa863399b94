"""The one place where the word snakemake stands: hand a rule's files and settings to the step that it names."""

import gc
import os
import sys

from iop_outcomes.steps.runner import main

os.environ["IOP_OUTCOMES_THREADS"] = str(snakemake.threads)  # noqa: F821
ended = main(
    snakemake.params.step,  # noqa: F821
    dict(snakemake.input.items()),  # noqa: F821
    dict(snakemake.output.items()),  # noqa: F821
    dict(snakemake.params.settings),  # noqa: F821
    snakemake.log[0],  # noqa: F821
)
# what was imported need not be looked through once more as the process ends
gc.freeze()
sys.exit(ended)
