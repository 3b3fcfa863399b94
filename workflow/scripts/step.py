"""The one place where the word snakemake stands: hand a rule's files and settings to the step that it names."""

import sys

from iop_outcomes.step import main

settings = dict(snakemake.params.settings)  # noqa: F821
sys.exit(
    main(
        snakemake.params.step,  # noqa: F821
        dict(snakemake.input.items()),  # noqa: F821
        dict(snakemake.output.items()),  # noqa: F821
        settings,
        snakemake.log[0],  # noqa: F821
    )
)
