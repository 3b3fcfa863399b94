"""The words of a study held against each other: each row of the sheet must ask for something that can be answered.

Which methods answer which measure of which kind of endpoint, and which endpoints can be missing, is said in the
vocabulary. What does not fit is refused with the row, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Analysis, Eligibility, Endpoint, Study, comparisons
from iop_outcomes.protocol.records import PUBLIC
from iop_outcomes.protocol.rows import PRIMARY
from iop_outcomes.protocol.sites import may_be_by_site
from iop_outcomes.study import covariates, horizons, margins, modifiers, names
from iop_outcomes.study.mistakes import unknown
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary import methods
from iop_outcomes.vocabulary.answers import MISSING, MISSING_IS_USING, MISSING_RULES, NONE, OBSERVED_ONLY, OF_AMOUNTS
from iop_outcomes.vocabulary.endpoints import (
    AMOUNTS,
    KINDS,
    LEFT_INDEX,
    MAY_BE_MISSING,
    MISSING_MAY_BE_USE,
    ON_A_DAY,
    PATTERN_ANSWERS,
    compared,
    measures,
)
from iop_outcomes.vocabulary.kind import ABSTINENCE, ROOMS, STRATEGIES, THRESHOLDS
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.measures import RISK

# columns of the candidates that eligibility rules may use beside those of persons and of the index episode
DERIVED = {
    "record_trusted": "yes where no stay or admission record of the person was set aside",
    "treated": "yes where some stay goes beyond detoxification",
    "treated_from_day_0": "yes where a treatment episode begins on or after day 0",
    "observed_days": "days from time zero to the end of observation",
    "reported_care": "care told of in the period, where periods are analysed",
}

# sources with columns of their own that fill what few sources hold
FILLED: dict[str, tuple[str, ...]] = {
    "tedsd": ("employment_at_discharge", "arrests_at_discharge"),
    "help": ("employment",),
}


def check(study: Study, analyses: tuple[Analysis, ...], endpoints: Mapping[str, Endpoint]) -> None:
    """Raise StudyError for the first row, or name, that does not fit."""
    if not analyses:
        raise StudyError(_nothing_asked(study))
    names.check(study, analyses, endpoints)
    _check_groups(study)
    _check_public(study)
    covariates.check(study)
    covariates.check_anchors(study)
    for row in analyses:
        at = f"{study.analyses}, analysis '{row.analysis}' of cohort '{row.cohort}'"
        if row.outcome not in endpoints:
            raise StudyError(unknown(at, "outcome", row.outcome, list(endpoints), study.endpoints))
        _check_companion(study, row, endpoints[row.outcome], at)
        _check_row(study, row, endpoints[row.outcome], at)
        horizons.check(study, row, endpoints[row.outcome], at)
        _check_recorded(study, endpoints[row.outcome], at)
        _check_missed(study, endpoints[row.outcome], at)
    _check_unique(study, analyses)
    _check_one_curve(study, analyses, endpoints)
    _check_sites(study, analyses)
    margins.check(study, analyses, endpoints)
    modifiers.check(study, analyses, endpoints)


def _nothing_asked(study: Study) -> str:
    """What to do about a study without a question."""
    if not study.questions:
        return (
            f"{study.analyses} has no row for the cohort '{study.cohort}'. Add at least one, or name a cohort whose "
            f"questions are asked here too with `questions:` in {study.cohorts}/{study.cohort}.yaml."
        )
    made = [name for name, _ in comparisons(study)]
    return (
        f"{study.analyses} asks nothing of the cohort '{study.cohort}': it has no row for it, and none for "
        f"'{study.questions}', whose questions it shares, about a comparison that it makes. It makes "
        f"{', '.join(made)}. Correct `questions:`, call a comparison by the name that it has there, or add rows."
    )


def check_rules(study: Study, rules: Sequence[Eligibility]) -> None:
    """Raise StudyError for a rule on an unknown column or an outcome, or with a number that the study does not have."""
    known = {
        name: column.outcome for table in ("persons", "episodes") for name, column in TABLES[table].columns.items()
    } | dict.fromkeys(DERIVED, False)
    for rule in rules:
        at = f"{study.eligibility}, rule '{rule.rule}'"
        if rule.column not in known:
            raise StudyError(unknown(at, "column", rule.column, list(known), "persons, episodes and derived columns"))
        if known[rule.column]:
            raise StudyError(
                f"{at}: '{rule.column}' is an outcome. Who is eligible must be known at time zero; take another column."
            )
        try:
            (rule.value + rule.label).format(**study.population.model_dump())
        except (KeyError, IndexError, ValueError):
            raise StudyError(
                f"{at}: value and label may refer to keys of `population` in braces, and to no others. Known: "
                f"{', '.join(type(study.population).model_fields)}."
            ) from None


def _check_public(study: Study) -> None:
    """Without disclosure control come records that everyone may see: invented, published, or declared as such."""
    asked, kind = study.disclosure, study.source.kind
    if asked.policy == "none" and kind not in PUBLIC and not asked.public:
        raise StudyError(
            f"{study.cohorts}/{study.cohort}.yaml: `disclosure: policy: none` lets everything out, and the source "
            f"'{kind}' holds records of your own. Take one of the other policies (cms, opensafely, acro, strict); "
            "or, if everyone may see these records, say why under `disclosure: public`: the report tells it."
        )


def _check_groups(study: Study) -> None:
    """Comparisons have names of their own; intensities and doses know their contrast, strategies and thresholds its
    arm as well.
    """
    file = f"{study.cohorts}/{study.cohort}.yaml"
    given = [name for name, _ in comparisons(study)]
    twice = sorted({n for n in given if given.count(n) > 1})
    if twice:
        raise StudyError(
            f"{file}: the name '{twice[0]}' stands for two comparisons. Names must differ across {', '.join(ROOMS)}."
        )
    _check_doses(study, file)
    for name, intensity in study.intensities.items():
        if intensity.contrast not in study.contrasts:
            at = f"{file}, intensities.{name}"
            raise StudyError(unknown(at, "contrast", intensity.contrast, list(study.contrasts), "`contrasts`"))
        _check_arms(study, intensity.contrast, f"{file}, intensities.{name}.compare", intensity.compare)
        compared = intensity.categories.reference if intensity.categories else {}
        _check_arms(study, intensity.contrast, f"{file}, intensities.{name}.categories.reference", compared)
    for name, asked in study.of_one_arm.items():
        room = STRATEGIES if name in study.strategies else THRESHOLDS
        at = f"{file}, {room}.{name}"
        if asked.contrast not in study.contrasts:
            raise StudyError(unknown(at, "contrast", asked.contrast, list(study.contrasts), "`contrasts`"))
        _check_arms(study, asked.contrast, at, [asked.arm])


def _check_arms(study: Study, name: str, at: str, arms: Iterable[str]) -> None:
    """Arms are those of their contrast."""
    sides = [study.contrasts[name].first.name, study.contrasts[name].second.name]
    if strange := [arm for arm in arms if arm not in sides]:
        raise StudyError(unknown(at, "arm", strange[0], sides, f"contrasts.{name}"))


def _check_sites(study: Study, analyses: tuple[Analysis, ...]) -> None:
    """What is asked site by site is a contrast with a primary question on a share, by weights."""
    for name in study.sites:
        at = f"{study.cohorts}/{study.cohort}.yaml, sites.{name}"
        if name not in study.contrasts:
            raise StudyError(unknown(at, "contrast", name, list(study.contrasts), "`contrasts`"))
        primary = [row for row in analyses if row.contrast == name and row.family == PRIMARY]
        if not any(may_be_by_site(row) for row in primary):
            raise StudyError(
                f"{at}: no primary question of '{name}' is a share by weights, so that there is nothing to ask site by "
                f"site. Mark a row of {study.analyses} with the measure '{RISK}' and one of the methods "
                f"{', '.join(methods.WEIGHTED)} as primary, or leave it out of `sites`."
            )


def _check_doses(study: Study, file: str) -> None:
    """Doses know their contrast, whose arms are levels of care."""
    for name, grid in study.doses.items():
        at = f"{file}, doses.{name}"
        if grid.contrast not in study.contrasts:
            raise StudyError(unknown(at, "contrast", grid.contrast, list(study.contrasts), "`contrasts`"))
        if study.contrasts[grid.contrast].column not in RULES.values():
            raise StudyError(
                f"{at}: the arms of '{grid.contrast}' are no levels of care. Doses are at the level of an arm: name a "
                f"contrast with a `column` of {', '.join(RULES.values())}."
            )
        _check_arms(study, grid.contrast, f"{at}.compare", grid.compare)


def _check_companion(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    """An endpoint under another gap rule or clock: linked under that rule, and asked for by weighted methods only."""
    counted = row.method == methods.CRUDE or methods.METHODS[row.method].alike is not None
    if endpoint.companion and counted and study.disclosure.policy != "none":
        raise StudyError(
            f"{at}: '{endpoint.outcome}' repeats a question under another gap rule or clock. Its crude counts beside "
            "those of the question itself would give a few people away: ask for it with iptw or overlap, for example."
        )
    linked = [study.care.gap_days, *study.care.gap_sensitivity_days]
    if endpoint.gap_days is not None and endpoint.gap_days not in linked:
        raise StudyError(
            f"{at}: '{endpoint.outcome}' asks for gaps of {endpoint.gap_days} days, under which no stays are "
            f"linked. Add it to `care.gap_sensitivity_days`; linked are {', '.join(map(str, linked))}."
        )


def _check_recorded(study: Study, endpoint: Endpoint, at: str) -> None:
    """The source can hold what the endpoint is computed from; a folder of tables shows it only when it is read."""
    recorded = KINDS[endpoint.kind].recorded
    if recorded is None:
        return
    table, column, source = recorded[0], recorded[1] or endpoint.column, study.source
    mapped = source.tables[table].columns if table in source.tables else {}
    if source.kind == "tables" or column in mapped or column in FILLED.get(source.kind, ()):
        return
    todo = f"Map it under `source.tables.{table}`, or take" if source.kind == "mapping" else "Take"
    raise StudyError(
        f"{at}: the outcome '{endpoint.outcome}' is computed from the column '{column}' of {table}, which the source "
        f"'{source.kind}' does not hold. {todo} the row out of the sheet."
    )


def _check_missed(study: Study, endpoint: Endpoint, at: str) -> None:
    """Missed tests that a regular schedule tells of are in use patterns; kinds that read records do not see them."""
    counts = [one.strip() for one in endpoint.counts.split(",")]
    if study.use.schedule.kind == "recorded" or MISSING not in counts or MISSING not in KINDS[endpoint.kind].results:
        return
    raise StudyError(
        f"{at}: '{endpoint.outcome}' ({endpoint.kind}) counts tests that the records call missing, and by "
        "`use.schedule` (`kind: regular`) a test on no record was missed, which use patterns alone hold: few would "
        "have the event. Ask for an endpoint of the kind pattern_time, such as `statistic = first | counts = "
        f"positive; mixed; missed | at_least = {endpoint.run}`; or, where the records hold every missed test, take "
        "`kind: recorded`."
    )


def _check_row(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    groups = compared(row.step)
    names = [n for group in groups for n in getattr(study, group)]
    if row.contrast not in names:
        raise StudyError(unknown(at, "contrast", row.contrast, names, f"{study.cohorts}/{study.cohort}.yaml"))
    group = next(g for g in groups if row.contrast in getattr(study, g))
    possible = measures(endpoint.kind, row.step, group)
    if row.measure not in possible:
        raise StudyError(
            f"{at}: the outcome '{row.outcome}' ({endpoint.kind}) cannot be a '{row.measure}' of '{row.contrast}' in "
            f"the step '{row.step}'. Possible measures: {', '.join(possible) or 'none'}."
        )
    setting = study.intensities.get(row.contrast)
    if setting is not None and row.measure != setting.measure:
        of = f"categories of {setting.of}" if setting.categories else setting.of
        raise StudyError(
            f"{at}: '{row.contrast}' is of {of}, and a '{row.measure}' is not. Ask for a '{setting.measure}', or "
            f"change `of` or `categories` under `intensities.{row.contrast}`."
        )
    if row.method not in possible[row.measure]:
        raise StudyError(
            f"{at}: the method '{row.method}' does not answer a '{row.measure}' of '{row.contrast}' in the step "
            f"'{row.step}'. Possible methods: {', '.join(possible[row.measure])}."
        )
    if row.method == methods.RANDOMISED and not study.contrasts[row.contrast].randomised:
        raise StudyError(
            f"{at}: the method 'randomised' needs a contrast with `randomised: true`; '{row.contrast}' is not."
        )
    if row.method in methods.IMPUTED and study.contrasts[row.contrast].further_arms:
        raise StudyError(
            f"{at}: the method '{row.method}' imputes covariates for two arms, and '{row.contrast}' has more "
            f"alongside. Take '{methods.METHODS[row.method].unimputed}', or leave out further_arms."
        )
    if (row.missing_rule == NONE) == (endpoint.kind in MAY_BE_MISSING):
        usual = f"{MISSING_IS_USING} or {OBSERVED_ONLY}" if endpoint.kind in MISSING_MAY_BE_USE else OBSERVED_ONLY
        expected = usual if endpoint.kind in MAY_BE_MISSING else NONE
        raise StudyError(f"{at}: the outcome '{row.outcome}' needs the missing_rule {expected}.")
    _check_missing(study, row, endpoint, at)


def _check_missing(study: Study, row: Analysis, endpoint: Endpoint, at: str) -> None:
    """The rule for missing answers can be asked of the outcome, in the step, by the method."""
    rule = MISSING_RULES[row.missing_rule]
    if endpoint.reads_missed and row.missing_rule != OBSERVED_ONLY:
        readings = (
            "write one endpoint for each reading (`missed = positive`, `missed = left_out`, `missed = negative`)"
            if endpoint.kind in PATTERN_ANSWERS
            else "for the readings side by side write a definition of your own that leaves `missed` empty"
        )
        raise StudyError(
            f"{at}: how missed tests are read is part of the definition of '{row.outcome}', so that the missing_rule "
            f"'{rule.name}' would change nothing. Ask for it with {OBSERVED_ONLY}, and {readings}."
        )
    if rule.of_use and endpoint.kind not in MISSING_MAY_BE_USE:
        raise StudyError(
            f"{at}: '{row.outcome}' is not about use, so that a missing answer cannot be read as use. Ask for it with "
            f"the missing_rule {OBSERVED_ONLY}."
        )
    if row.missing_rule in (NONE, MISSING_IS_USING, OBSERVED_ONLY):
        return
    if endpoint.kind in AMOUNTS and row.missing_rule in OF_AMOUNTS:
        return
    if row.step != ABSTINENCE or endpoint.kind not in ON_A_DAY:
        able = OF_AMOUNTS if endpoint.kind in AMOUNTS else (MISSING_IS_USING, OBSERVED_ONLY)
        raise StudyError(
            f"{at}: the missing_rule '{rule.name}' reads an answer on a day, in the step '{ABSTINENCE}'; of "
            f"'{row.outcome}' in the step '{row.step}' ask for {' or '.join(able)}."
        )
    if row.method == methods.CRUDE and not rule.counts:
        raise StudyError(
            f"{at}: the method '{methods.CRUDE}' is computed from released counts alone, and the missing_rule "
            f"'{rule.name}' stands on what was recorded of each person. Ask for it by a method with a score "
            f"({', '.join(methods.SCORED)})."
        )
    if rule.history and study.contrasts[row.contrast].further_arms and row.method == methods.AIPW:
        raise StudyError(
            f"{at}: the method '{row.method}' averages over people of further arms, of whom the missing_rule "
            f"'{rule.name}' knows no answers. Ask for it by {methods.IPTW}, or leave out further_arms."
        )


def _check_unique(study: Study, analyses: tuple[Analysis, ...]) -> None:
    seen = set()
    for row in analyses:
        key = tuple(v for k, v in row.model_dump().items() if k not in ("family", "group_by"))
        if key in seen:
            raise StudyError(
                f"{study.analyses}: the analysis '{row.analysis}' of cohort '{row.cohort}' has the same row twice "
                f"({row.outcome}, day {row.horizon_days}, {row.method}). Remove one."
            )
        seen.add(key)


def _check_one_curve(study: Study, analyses: tuple[Analysis, ...], endpoints: Mapping[str, Endpoint]) -> None:
    """Ways of leaving under two rules have analyses of their own, as their curves bear one name."""
    seen: dict[tuple[str, str, str], str] = {}
    for row in analyses:
        endpoint = endpoints[row.outcome]
        if endpoint.kind not in LEFT_INDEX:
            continue
        other = seen.setdefault((row.analysis, row.contrast, endpoint.cause), row.outcome)
        if endpoints[other].followed != endpoint.followed:
            raise StudyError(
                f"{study.analyses}: the analysis '{row.analysis}' of cohort '{row.cohort}' asks for '{other}' and "
                f"'{row.outcome}', whose curves would be one. Give the second an analysis name of its own."
            )
