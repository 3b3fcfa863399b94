"""The results in plain words: sentences whose every number is taken from the estimates or from the study.

In order: each contrast with its questions (days in care, staying, leaving, abstinence under every reading of a missing
outcome, time to an event), then longer stays, then hours a week. Of several methods the adjusted one speaks; where
the design did not allow it, the reason is given and the unadjusted comparison follows under that name. An interval that
holds both directions is said to leave the direction open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, capital
from iop_outcomes.protocol import AsRun
from iop_outcomes.protocol.rows import EXPLORATORY, PRIMARY
from iop_outcomes.report.sentences import categories, dose, doses, effects, missing, thresholds
from iop_outcomes.tables.results import ALL, ESTIMATES
from iop_outcomes.tables.rows import Estimated, alike, estimated
from iop_outcomes.vocabulary import endpoints
from iop_outcomes.vocabulary.answers import BOUNDS, MISSING_RULES
from iop_outcomes.vocabulary.endpoints import MISSING_MAY_BE_USE
from iop_outcomes.vocabulary.measures import ADJUSTED_CHANGE, MEASURES, PREFERRED_MEASURES, RATIOS, RISK, SHARE_OF_WEEKS
from iop_outcomes.vocabulary.methods import IMPUTED, PREFERRED, SCORED, UNADJUSTED

if TYPE_CHECKING:
    import pandas as pd

# behind what is said of an estimate, by its family
FAMILY = {
    PRIMARY: " This is a primary question.",
    EXPLORATORY: " This is an exploratory question: it answers nothing by itself.",
    "": "",
}
# days on which a question is looked at first when the study marks none as primary
USUAL_DAY = 90
# kinds of endpoints in the order in which they are spoken of, those that no one knows last
ORDER = (*endpoints.ORDER, "")


@dataclass(frozen=True)
class Said:
    """One paragraph. tone: finding, caution (read with care) or absent (no number). lead: whom the text speaks of."""

    text: str
    tone: str = "finding"
    lead: str = ""

    def in_full(self, told: str = "") -> Said:
        """The paragraph with its lead in front, unless that has been told, and a capital letter."""
        text = self.text if self.lead in ("", told) else f"{self.lead}, {self.text}"
        return replace(self, text=capital(text))


@dataclass(frozen=True)
class Part:
    """What is said of one comparison."""

    name: str
    title: str
    said: tuple[Said, ...]
    lead: str = ""


@dataclass(frozen=True)
class Pair:
    """The rows of one estimand: both arms, their difference, their ratio; or a hazard ratio."""

    rows: effects.Rows

    @property
    def main(self) -> Estimated:
        """The difference, or the hazard ratio."""
        return effects.main(self.rows)

    @property
    def there(self) -> bool:
        """It has a number."""
        return self.main["status"] == "ok" and numbers.known(self.main["estimate"])


def summary(estimates: pd.DataFrame, study: AsRun) -> list[Part]:
    """What the estimates say, part by part; parts about which nothing was asked are left out."""
    labels = Labels(study)
    parts = []
    rooms = (
        (study.contrasts, _contrast),
        (study.durations, _duration),
        (study.strategies, _strategies),
        (study.thresholds, _thresholds),
        (study.starting, _strategies),
        (study.doses, _doses),
        (study.intensities, _intensity),
    )
    for names, speak in rooms:
        for name in names:
            own = estimates[estimates["contrast"] == name]
            if len(own):
                said = _impossible(own, labels, name) or tuple(speak(own, estimates, study, name))
                parts.append(_part(name, labels.contrast(name), said))
    return [p for p in parts if p.said]


def _part(name: str, title: str, said: tuple[Said, ...]) -> Part:
    """A part whose lead, when several paragraphs share one, is said once above them."""
    leads = Counter(s.lead for s in said if s.lead)
    shared, times = leads.most_common(1)[0] if leads else ("", 0)
    told = shared if times > 1 else ""
    return Part(name, title, tuple(s.in_full(told) for s in said), told)


def _impossible(own: pd.DataFrame, labels: Labels, name: str) -> tuple[Said, ...]:
    """One sentence for a question that these data cannot answer at all."""
    if not (own["status"] == "not_possible").all():
        return ()
    reasons = dict.fromkeys(labels.reason(name, r) for r in own["reason"])
    return (Said(f"These data cannot answer this question: {'; '.join(reasons)}.", "absent"),)


def pairs(own: pd.DataFrame) -> list[Pair]:
    """The estimands of some rows of a table, each with its arms."""
    return paired(estimated(own))


def paired(estimates: Sequence[Estimated]) -> list[Pair]:
    """The estimands of some rows, each with its arms."""
    keys = [name for name in ESTIMATES.key if name != "of"]
    by_arm = [{row["of"]: row for row in rows} for rows in alike(estimates, keys).values()]
    return [Pair(rows) for rows in by_arm if MEASURES[next(iter(rows.values()))["measure"]].main in rows]


def _preferred(found: Sequence[Pair]) -> Pair:
    ranks = {m: i for i, m in enumerate(PREFERRED)}
    return min(found, key=lambda p: ranks.get(p.main["method"], len(ranks)))


def _contrast(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    own = own[(own["group_by"] == ALL) & own["from_day"].isna()]
    shared = _shared_gate(own)
    if shared:
        yield Said(effects.no_adjusted(labels.reason(name, shared), labels.randomised(name)), "absent")
    # hazard ratios are left to the question of duration where they stand beside it, and to risks of the same outcome
    durations = everything[everything["contrast"].isin(list(study.durations))]
    own = own[~own["analysis"].isin(durations["analysis"])]
    ratio = own["measure"].isin(RATIOS)
    counted = set(own.loc[~ratio, "outcome"]) | set(durations["outcome"])
    told = own[~ratio | ~own["outcome"].isin(counted)]
    told = told.iloc[rank(told, labels).argsort(kind="stable")]
    for (_, outcome, measure), rows in told.groupby(["analysis", "outcome", "measure"], sort=False):
        rows = rows.loc[rows["horizon_days"] == key_day(rows, study)]
        read_in_ways = measure in (RISK, SHARE_OF_WEEKS) or MEASURES[str(measure)].amount
        if labels.kind(str(outcome)) in MISSING_MAY_BE_USE and read_in_ways:
            yield from _readings(rows, labels, bool(shared))
        else:
            yield from _answer(pairs(rows), labels, bool(shared))
        if measure == ADJUSTED_CHANGE:
            yield Said(effects.TO_THE_MEAN, "caution")


def rank(rows: pd.DataFrame, labels: Labels) -> pd.Series[float]:
    """The place of each row: days, then shares, then ratios of hazards; within each by kind of endpoint, then as in
    the library.
    """
    library = {outcome: at for at, outcome in enumerate(labels.endpoints())}
    kinds = rows["outcome"].map(lambda o: ORDER.index(labels.kind(o)))
    measures = rows["measure"].map({m: i for i, m in enumerate(PREFERRED_MEASURES)})
    size = len(library) + 1
    return (measures * len(ORDER) + kinds) * size + rows["outcome"].map(library).fillna(len(library))


def _shared_gate(own: pd.DataFrame) -> str:
    """The reason for which no adjusted estimate of a contrast is shown, when it is one for all of them; else ''."""
    adjusted = own[own["method"].isin([m for m in SCORED if m not in IMPUTED])]
    if adjusted.empty or not (adjusted["status"] == "gated").all() or adjusted["reason"].nunique() > 1:
        return ""
    return str(adjusted["reason"].iloc[0])


def key_day(rows: pd.DataFrame, study: AsRun) -> int:
    """The horizon that speaks for a question: that of its primary rows, else the one nearest to the usual day."""
    asked = {
        a.horizon_days
        for a in study.analyses
        if a.family == "primary"
        and (a.analysis, a.contrast, a.outcome) == tuple(rows[["analysis", "contrast", "outcome"]].iloc[0])
    } & set(rows["horizon_days"])
    days = asked or {int(d) for d in rows["horizon_days"].dropna()}
    return min(days, key=lambda d: (abs(d - USUAL_DAY), d))


def _answer(found: Sequence[Pair], labels: Labels, gate_told: bool) -> Iterator[Said]:
    """One question under one reading: its preferred estimate, or why there is none and the unadjusted one."""
    speaker = _speaker(found, gate_told)
    if speaker:
        yield _said(speaker, labels)
    if speaker or gate_told:
        return
    row = _preferred(found).main
    if row["method"] in UNADJUSTED:
        yield Said(f"{effects.topic(row, labels)}: {effects.absent(row, labels)}.", "absent")
        return
    reason = labels.reason(row["contrast"], row["reason"])
    yield Said(f"{effects.topic(row, labels)}: no adjusted comparison is shown ({reason}).", "absent")
    for crude in (p for p in found if p.main["method"] in UNADJUSTED and p.there):
        yield _said(crude, labels)


def _speaker(found: Sequence[Pair], gate_told: bool) -> Pair | None:
    """The estimate that speaks without further ado: adjusted, or unadjusted where nothing else was asked or is open."""
    adjusted = [p for p in found if p.main["method"] not in UNADJUSTED]
    there = [p for p in (found if gate_told or not adjusted else adjusted) if p.there]
    return _preferred(there) if there else None


def _said(pair: Pair, labels: Labels) -> Said:
    unfair = pair.main["method"] in UNADJUSTED and not labels.randomised(pair.main["contrast"])
    tone = "caution" if unfair else "finding"
    text = effects.compared(pair.rows, labels)
    family = labels.family(pair.main)
    return Said(f"{text}{FAMILY[family]}", tone, effects.lead(pair.main, labels))


def _readings(rows: pd.DataFrame, labels: Labels, gate_told: bool) -> Iterator[Said]:
    """Abstinence under every reading of a missing outcome that was asked for, and what they say together."""
    by_rule = {str(rule): pairs(own) for rule, own in rows.groupby("missing_rule", sort=False)}
    asked = [by_rule[rule] for rule in MISSING_RULES if rule in by_rule and rule not in BOUNDS]
    cases = [by_rule[rule] for rule in BOUNDS if rule in by_rule]
    speakers = [_speaker(found, gate_told) for found in asked]
    methods = {s.main["method"] if s else "" for s in speakers}
    bounds = missing.bounds([s.main for found in cases if (s := _speaker(found, gate_told))], labels)
    if len(speakers) > 1 and len(methods) == 1 and speakers[0]:
        first = _said(speakers[0], labels)
        last, careful = missing.agreement([s.main for s in speakers if s])
        others = [capital(effects.shorter(s.rows, labels)) for s in speakers[1:] if s]
        tone = "caution" if careful or first.tone == "caution" else "finding"
        yield replace(first, text=" ".join(t for t in (first.text, *others, last, bounds) if t), tone=tone)
        return
    for found in asked:
        yield from _answer(found, labels, gate_told)
    there = [[p for p in found if p.there] for found in asked]
    if len(there) > 1 and all(there):
        text, careful = missing.agreement([_preferred(found).main for found in there])
        yield Said(text, "caution" if careful else "finding")
    if bounds:
        yield Said(bounds)


def _duration(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    days = study.durations[name].days
    for (_, outcome, measure), rows in own.groupby(["analysis", "outcome", "measure"], sort=False):
        found = [p for p in pairs(rows) if p.there]
        naive = [p for p in found if p.main["method"] in UNADJUSTED]
        fairer = [p for p in found if p.main["method"] not in UNADJUSTED]
        fair = [p for p in fairer if MEASURES[str(measure)].ratio]
        # of shares no comparison is fair
        shares = [p for p in fairer if not MEASURES[str(measure)].ratio]
        if naive:
            yield Said(dose.naive_stay([p.rows for p in naive], labels, days), "caution")
        if fair:
            yield Said(dose.fair_stay([p.rows for p in fair], labels, days))
        if shares:
            yield Said(dose.landmark_stay([p.rows for p in shares], labels, days), "caution")
        lacking = [p.main for p in pairs(rows) if p.main["method"] not in UNADJUSTED and not p.there]
        if not found:
            yield Said(f"No comparison is shown: {effects.absent(pairs(rows)[0].main, labels)}.", "absent")
        elif lacking and not fairer:
            yield Said(f"No fairer comparison is shown: {effects.absent(lacking[0], labels)}.", "absent")
        beside = everything[
            everything["analysis"].isin(rows["analysis"])
            & (everything["outcome"] == outcome)
            & (everything["measure"] == measure)
            & everything["contrast"].isin(list(study.contrasts))
        ]
        for pair in pairs(beside):
            if pair.there:
                yield Said(dose.randomised_stay(pair.rows, labels))


def _strategies(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    keys = ["analysis", "outcome", "horizon_days", "missing_rule", "measure"]
    for _, rows in own.groupby(keys, sort=False):
        found = pairs(rows)
        naive = next((p.rows for p in found if p.there and p.main["method"] in UNADJUSTED), None)
        right = next((p for p in found if p.main["method"] not in UNADJUSTED), None)
        for text, tone in dose.strategies(right.rows if right and right.there else None, naive, labels):
            yield Said(text, tone)
        if right and not right.there:
            yield Said(effects.no_right_one(right.main, labels), "absent")


def _thresholds(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    for _, rows in own.groupby(["analysis", "outcome", "horizon_days", "missing_rule"], sort=False):
        found = pairs(rows)
        for text, tone in thresholds.thresholds([p.rows for p in found if p.there], labels):
            yield Said(text, tone)
        right = [p for p in found if p.main["method"] not in UNADJUSTED]
        if right and not any(p.there for p in right):
            yield Said(effects.no_right_one(right[0].main, labels), "absent")


def _doses(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    told: set[str] = set()
    for _, rows in own.groupby(["analysis", "outcome", "horizon_days", "missing_rule"], sort=False):
        for text, tone in doses.doses(estimated(rows), labels):
            # that nothing can be told is one sentence for all readings
            if text not in told:
                told.add(text)
                yield Said(text, tone)


def _naive(pair: Pair) -> bool:
    return pair.main["method"] in UNADJUSTED


def _by_rule(found: Sequence[Pair]) -> list[list[Pair]]:
    """Of each reading the methods that answer it."""
    by: dict[str, list[Pair]] = {}
    for pair in found:
        by.setdefault(pair.main["missing_rule"], []).append(pair)
    return list(by.values())


def _intensity(own: pd.DataFrame, everything: pd.DataFrame, study: AsRun, name: str) -> Iterator[Said]:
    labels = Labels(study)
    setting = study.intensities[name]
    if setting.categories:
        told = [Said(text) for text in categories.said(own, study, name)]
        yield from told or [Said("No category of hours has a weighted number to be compared with another.", "absent")]
        yield Said(dose.CAUTION[setting.of], "caution")
        return
    for arm, rows in own.groupby("group", sort=False):
        every = pairs(rows)
        found = [_preferred(by) for by in _by_rule([p for p in every if p.there and not _naive(p)])]
        if found:
            yield Said(dose.intensity([p.rows for p in found], labels, setting, str(arm)))
        elif absent := [p for p in every if not _naive(p)]:
            yield Said(f"{labels.arm(name, str(arm))}: {effects.absent(absent[0].main, labels)}.", "absent")
        if warn := [p for p in every if p.there and _naive(p)]:
            right = found[0].main if found else None
            yield Said(dose.intensity_naively(warn[0].rows, right, labels), "caution")
    yield Said(dose.CAUTION[setting.of], "caution")
