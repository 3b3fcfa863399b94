# What all rules share: `use rule run as <step> with` adds a step's files, log, message and params.


rule run:
    log:
        f"{LOGS}/run.log",
    conda:
        "../envs/iop-outcomes.yaml"
    script:
        "../scripts/step.py"
