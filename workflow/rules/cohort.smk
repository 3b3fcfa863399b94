# Who is eligible, in which arm, and what happened to them. `population` sees no outcome.


use rule run as cohort_population with:
    input:
        **private("persons", "episodes", "periods", "quarantine", "intake", "screens"),
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
                "schedule": plain(STUDY.use.schedule),
            },
        ),
    message:
        "Find who is eligible, and their arms and covariates"


use rule run as cohort_use with:
    input:
        **private("people", "persons", "stays"),
        **private("screens", "followups", "medications"),
    output:
        **private("use_patterns"),
    log:
        f"{LOGS}/cohort_use.log",
    priority: SOONEST
    params:
        **step(
            "cohort.use",
            {
                "use": plain(STUDY.use),
                "views": plain(LOADED.tests()),
                "gap_days": STUDY.care.gap_days,
            },
        ),
    message:
        "Read what tests tell of use, interval by interval"


use rule run as cohort_doses with:
    input:
        **private("people", "persons", "stays", "sessions", "screens"),
        **private("medications"),
    output:
        **private("doses"),
    log:
        f"{LOGS}/cohort_doses.log",
    params:
        **step(
            "cohort.doses",
            {"weeks": LOADED.weeks_of_care(), "use": plain(STUDY.use)},
        ),
    message:
        "Describe care week by week: hours, level, days"


use rule run as cohort_onward with:
    input:
        **private("people", "persons", "stays"),
    output:
        **private("onward"),
    log:
        f"{LOGS}/cohort_onward.log",
    params:
        **step("cohort.onward", {"starting": plain(LOADED.starting())}),
    message:
        "Find who left a level of care, and when they went on"


use rule run as cohort_outcomes with:
    input:
        **private("people", "persons", "episodes", "episodes_by_gap"),
        **private("sessions", "screens", "followups", "medications"),
        **private("stays", "use_patterns"),
    output:
        **private("retention", "abstinence", "history", "course", "first_use"),
        **private("amounts", "dose"),
    log:
        f"{LOGS}/cohort_outcomes.log",
    priority: SOONEST
    params:
        **step(
            "cohort.outcomes",
            {
                "events": plain(LOADED.endpoints_of(*EVENTS)),
                "use": plain(STUDY.use),
                "endpoints": plain(
                    LOADED.endpoints_of(*ON_A_DAY, *WEEKLY, *BETWEEN, *TIMED, *AMOUNTS)
                ),
                "horizons": LOADED.horizons(),
                "windows": LOADED.windows(),
                "follows": LOADED.follows(),
                "remembered": LOADED.remembered(),
                "lost_by": LOADED.lost_by(),
                "gap_days": STUDY.care.gap_days,
            },
        ),
    message:
        "Follow people: retention, events, abstinence, hours of care"
