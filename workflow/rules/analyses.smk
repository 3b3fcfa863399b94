# Estimates: cohort, design and estimators brought together into rows of the results tables.

DESIGNED = {
    "scores": f"{PRIVATE}/design/{{contrast}}/scores.parquet",
    "gates": f"{PRIVATE}/design/{{contrast}}/gates.parquet",
}


use rule run as analyses_retention with:
    input:
        unpack(imputed("retention")),
        **private("retention"),
        **DESIGNED,
    output:
        **of_contrast("retention", "counts", "life_tables", "estimates"),
        **of_contrast("retention", "curves", "diagnostics"),
    log:
        f"{LOGS}/analyses_retention/{{contrast}}.log",
    priority: NEXT
    params:
        **analysis("retention"),
    message:
        "Estimate retention and events of {wildcards.contrast}"


use rule run as analyses_places with:
    input:
        **private("people", "persons", "stays"),
    output:
        **private("places"),
    log:
        f"{LOGS}/analyses_places.log",
    priority: SOON
    params:
        **step("analyses.places", {"last_day": LOADED.last_day_of_places()}),
    message:
        "Find where people were, day by day"


use rule run as analyses_abstinence with:
    input:
        unpack(imputed("abstinence")),
        **private("abstinence", "first_use", "amounts"),
        **DESIGNED,
    output:
        **of_contrast("abstinence", "counts", "estimates", "curves", "diagnostics"),
    log:
        f"{LOGS}/analyses_abstinence/{{contrast}}.log",
    priority: NEXT
    params:
        **analysis("abstinence"),
    message:
        "Estimate abstinence of {wildcards.contrast}"


use rule run as analyses_for_whom with:
    input:
        **private("people", "covariates", "arms", "abstinence"),
        scores=DESIGNED["scores"],
    output:
        **of_contrast("for_whom", "counts", "estimates", "diagnostics"),
    log:
        f"{LOGS}/analyses_for_whom/{{contrast}}.log",
    priority: NEXT
    params:
        **step(
            "analyses.for_whom",
            lambda w: {
                "name": w.contrast,
                "rows": plain(LOADED.by_group(w.contrast)),
                "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
                "modifiers": plain(LOADED.modifiers(w.contrast)),
                "adjustment": plain(STUDY.adjustment),
                "endpoints": plain(LOADED.asked_for("abstinence", w.contrast)),
                "gate": plain(STUDY.gate),
                "inference": plain(STUDY.inference),
            },
        ),
    message:
        "Ask within groups of people of {wildcards.contrast}"


use rule run as analyses_dose with:
    input:
        **private("people", "arms", "covariates"),
        **private("retention", "dose", "doses", "abstinence", "first_use", "onward"),
    output:
        **of_all("dose", "counts", "estimates", "curves", "diagnostics"),
    log:
        f"{LOGS}/analyses_dose.log",
    params:
        **step(
            "analyses.dose",
            {
                "rows": plain(LOADED.rows("dose")),
                "compared": plain(LOADED.of_dose()),
                "contrasts": plain(loaded.untitled(STUDY.contrasts)),
                "endpoints": plain(LOADED.asked_for("dose")),
                "gate": after_outcomes(
                    "min_events",
                    "min_effective_share",
                    "max_weight",
                    "max_mean_weight_gap",
                ),
                "inference": plain(STUDY.inference),
            },
        ),
    message:
        "Estimate what hours and length of care do"


use rule run as analyses_likeness with:
    input:
        **private("covariates", "retention", "abstinence"),
        scores=DESIGNED["scores"],
        estimates=[
            of_contrast(name, "estimates")["estimates"]
            for name in ("retention", "abstinence")
        ],
    output:
        likeness=f"{PRIVATE}/likeness/{{contrast}}.json",
    log:
        f"{LOGS}/analyses_likeness/{{contrast}}.log",
    params:
        **step(
            "analyses.likeness",
            lambda w: {
                "rows": plain(LOADED.alike(w.contrast)),
                "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
                "endpoints": plain(LOADED.of_rows(LOADED.alike(w.contrast))),
                "inference": plain(STUDY.inference),
                "fewest": disclosed().minimum_count,
            },
        ),
    message:
        "Say in coarse numbers what the people of {wildcards.contrast} are like"


# of the records it reads nothing but those numbers
use rule run as analyses_performance with:
    input:
        likeness=f"{PRIVATE}/likeness/{{contrast}}.json",
    output:
        **of_contrast("performance", "diagnostics"),
    log:
        f"{LOGS}/analyses_performance/{{contrast}}.log",
    params:
        **step(
            "analyses.performance",
            lambda w: {
                "rows": plain(LOADED.alike(w.contrast)),
                "cohort": STUDY.cohort,
                "name": w.contrast,
                "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
                "endpoints": plain(LOADED.of_rows(LOADED.alike(w.contrast))),
                "adjustment": plain(STUDY.adjustment),
                "thresholds": plain(STUDY.gate),
                "inference": plain(STUDY.inference),
                "judged": plain(LOADED.judged(w.contrast)),
                "replicates": STUDY.alike.replicates,
            },
        ),
    message:
        "Try the primary questions of {wildcards.contrast} on cohorts alike"


use rule run as analyses_twice with:
    input:
        **private("retention", "abstinence", "first_use", "amounts"),
        **DESIGNED,
        estimates=[
            of_contrast(name, "estimates")["estimates"]
            for name in ("retention", "abstinence")
        ],
    output:
        **of_contrast("twice", "twice"),
    log:
        f"{LOGS}/analyses_twice/{{contrast}}.log",
    params:
        **step(
            "analyses.twice",
            lambda w: {
                "rows": plain(LOADED.asked_twice(w.contrast)),
                "contrast": plain(loaded.untitled(STUDY.contrasts)[w.contrast]),
                "endpoints": {
                    **plain(LOADED.asked_for("retention", w.contrast)),
                    **plain(LOADED.asked_for("abstinence", w.contrast)),
                },
                "inference": plain(STUDY.inference),
            },
        ),
    message:
        "Compute {wildcards.contrast} again by other libraries"


use rule run as analyses_description with:
    input:
        **private("attrition", "intake", "people", "persons", "stays", "sessions"),
        **private("screens", "followups", "episodes", "episodes_by_gap"),
        **private("use_patterns"),
        readings=f"{PRIVATE}/raw/readings.parquet",
    output:
        **of_all("description", "counts"),
    log:
        f"{LOGS}/analyses_description.log",
    priority: LATER
    params:
        **step(
            "analyses.description",
            {
                "cohort": STUDY.cohort,
                "use": plain(STUDY.use),
                "fewest": disclosed().minimum_count,
                "horizons": sorted(
                    {d for days in LOADED.horizons().values() for d in days}
                ),
                "covariates": [
                    *STUDY.adjustment.recorded,
                ],
                "smallest_group": smallest_group(),
                "by_service": STUDY.source.kind == "tedsd",
                "twenty_hours": STUDY.care.twenty_hours,
            },
        ),
    message:
        "Describe the cohort and its records"
