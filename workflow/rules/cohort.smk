# Who is eligible, in which arm, and what happened to them. `population` sees no outcome.


rule population:
    input:
        **private("persons", "episodes", "periods", "quarantine", "intake"),
    output:
        **private("people", "covariates", "arms", "attrition"),
    log:
        f"{LOGS}/population.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="cohort.population",
        settings={
            "population": plain(STUDY.population),
            "rules": LOADED.eligibility(),
            "twenty_hours": STUDY.care.twenty_hours,
            "adjustment": plain(STUDY.adjustment),
            "contrasts": {n: plain(c, "title") for n, c in STUDY.contrasts.items()},
            "fewest": LOADED.smallest_cell(),
        },
        uses=uses(
            "cohort.population",
            "people",
            "covariates",
            "arms",
            "attrition",
            "episodes",
            "periods",
        ),
    script:
        "../scripts/step.py"


rule retention:
    input:
        **private("people", "episodes", "episodes_by_gap", "sessions", "persons"),
    output:
        **private("retention"),
    log:
        f"{LOGS}/retention.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="cohort.retention",
        settings={
            "endpoints": LOADED.endpoints_of(*EVENTS),
            "follows": LOADED.follows(),
        },
        uses=uses(
            "cohort.retention",
            "people",
            "episodes",
            "episodes_by_gap",
            "sessions",
            "persons",
            "retention",
        ),
    script:
        "../scripts/step.py"


rule abstinence:
    input:
        **private("people", "followups", "screens", "persons", "episodes", "retention"),
    output:
        **private("abstinence", "first_use"),
    log:
        f"{LOGS}/abstinence.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="cohort.abstinence",
        settings={
            "endpoints": LOADED.endpoints_of(*BINARY, *TIMED),
            "horizons": LOADED.horizons(),
        },
        uses=uses(
            "cohort.abstinence",
            "people",
            "followups",
            "screens",
            "episodes",
            "retention",
            "abstinence",
            "first_use",
        ),
    script:
        "../scripts/step.py"


rule dose:
    input:
        **private("people", "retention", "sessions", "screens", "followups"),
    output:
        **private("dose"),
    log:
        f"{LOGS}/dose.log",
    conda:
        "../envs/iop-outcomes.yaml"
    params:
        step="cohort.dose",
        settings={"windows": LOADED.windows()},
        uses=uses(
            "cohort.dose",
            "people",
            "retention",
            "sessions",
            "screens",
            "followups",
            "dose",
        ),
    script:
        "../scripts/step.py"
