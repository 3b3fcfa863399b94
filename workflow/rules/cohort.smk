# Who is eligible, in which arm, and what happened to them. `population` sees no outcome.


use rule run as cohort_population with:
    input:
        **private("persons", "episodes", "periods", "quarantine", "intake"),
    output:
        **private("people", "covariates", "arms", "attrition"),
    log:
        f"{LOGS}/cohort_population.log",
    threads: 2  # no other job can run beside it
    params:
        **step(
            "cohort.population",
            {
                "population": plain(STUDY.population),
                "rules": plain(LOADED.rules),
                "twenty_hours": STUDY.care.twenty_hours,
                "adjustment": plain(STUDY.adjustment),
                "contrasts": plain(loaded.untitled(STUDY.contrasts)),
                "fewest": LOADED.smallest_cell(),
            },
        ),
    message:
        "Find who is eligible, and their arms and covariates"


use rule run as cohort_outcomes with:
    input:
        **private("people", "persons", "episodes", "episodes_by_gap"),
        **private("sessions", "screens", "followups"),
    output:
        **private("retention", "abstinence", "first_use", "dose"),
    log:
        f"{LOGS}/cohort_outcomes.log",
    priority: SOONEST
    params:
        **step(
            "cohort.outcomes",
            {
                "events": plain(LOADED.endpoints_of(*EVENTS)),
                "endpoints": plain(LOADED.endpoints_of(*ON_A_DAY, *TIMED)),
                "horizons": LOADED.horizons(),
                "windows": LOADED.windows(),
                "follows": LOADED.follows(),
            },
        ),
    message:
        "Follow people: retention, events, abstinence, hours of care"
