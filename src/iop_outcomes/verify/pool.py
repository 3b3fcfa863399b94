"""Releases of several places taken together, where records may not leave any of them.

In order: the same question is looked for in each release, by contrast, outcome, day, measure, method and reading of
missing answers; it counts as the same only where the outcome is defined alike and the arms hold the same levels;
adjusted differences and ratios (of those, logarithms) are taken together with random effects; what protection may have
changed a number by is added to its variance. Unadjusted comparisons of arms that chance did not form are left out, as
are numbers that are not told. Refused: fewer than two releases, two of the same cohort, whose people would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import Any

from iop_outcomes.errors import StudyError
from iop_outcomes.estimators.base.random_effects import Across, across
from iop_outcomes.presentation import numbers, select
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.presentation.sites import on_scale
from iop_outcomes.protocol.rows import PRIMARY
from iop_outcomes.tables.results import ALL
from iop_outcomes.tables.rows import Estimated, estimated
from iop_outcomes.verify import compare
from iop_outcomes.verify.released import Release
from iop_outcomes.vocabulary.measures import DIFFERENCE, RATIO
from iop_outcomes.vocabulary.methods import UNADJUSTED
from iop_outcomes.vocabulary.statuses import OK

Key = tuple[object, ...]
KEY = ("contrast", "outcome", "horizon_days", "estimand", "measure", "of", "method", "missing_rule")
COLUMNS = (
    *KEY, "places", "estimate", "conf_low", "conf_high", "next_low", "next_high", "spread", "inconsistency", "p_value",
    "common", "least_without_one", "most_without_one",
)  # fmt: skip
# words of an endpoint, which may differ where its definition does not
WORDS = {"label", "definition"}


@dataclass(frozen=True)
class Pooled:
    """One question. row: of the first release that has it; found: of all its places, on the scale of the row; of a
    ratio `spread` is of logarithms.
    """

    row: Estimated
    places: int
    found: Across

    def on(self, value: float) -> float:
        """A value of `found` on the scale of the row."""
        return exp(value) if self.row["of"] == RATIO else value


@dataclass(frozen=True)
class Pool:
    """Releases of different cohorts."""

    releases: Sequence[Release]

    @cached_property
    def pooled(self) -> list[Pooled]:
        """Every question that two releases or more answer alike, in the order of the first that has it."""
        by_key: dict[Key, list[Estimated]] = {}
        for release in self.releases:
            for row in _told(release):
                by_key.setdefault(tuple(row[name] for name in KEY), []).append(row)  # type: ignore[literal-required]
        unlike = dict(self.unlike)
        made = []
        for key, rows in by_key.items():
            if len(rows) > 1 and not {str(key[0]), str(key[1])} & set(unlike):
                values, errors = zip(*(on_scale(row) for row in rows), strict=True)
                made.append(Pooled(rows[0], len(rows), across(values, errors, self._level)))
        return made

    @cached_property
    def unlike(self) -> list[tuple[str, str]]:
        """Contrasts and outcomes that go by one name in two releases and are not the same, with what differs."""
        first: dict[str, tuple[str, dict[str, Any]]] = {}
        found: dict[str, str] = {}
        for release in self.releases:
            for name, parts in _defined(release).items():
                cohort, before = first.setdefault(name, (str(release.plain.get("cohort")), parts))
                differ = [part for part in parts if parts[part] != before.get(part)]
                if differ:
                    found.setdefault(name, f"{', '.join(differ)} in {cohort} and {release.plain.get('cohort')}")
        return list(found.items())

    @property
    def _level(self) -> float:
        return self.releases[0].study.inference.confidence_level

    def table(self) -> str:
        """Every question as CSV."""
        import csv
        import io

        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(COLUMNS)
        for one in self.pooled:
            f = one.found
            scaled = [one.on(v) for v in (f.value, f.low, f.high, f.next_low, f.next_high)]
            rest = [f.spread, f.inconsistency, f.p_value, one.on(f.common)]
            without = [one.on(float(f.without.min())), one.on(float(f.without.max()))]
            key = [one.row[name] for name in KEY]  # type: ignore[literal-required]
            rows.writerow([*key, one.places, *(_written(v) for v in (*scaled, *rest, *without))])
        return out.getvalue()

    def text(self) -> str:
        """The primary questions of any release in words, and how many more there are."""
        names = ", ".join(str(release.plain.get("cohort")) for release in self.releases)
        said = [f"{len(self.releases)} releases: {names}."]
        said += [f"'{name}' is not the same everywhere ({what}): left out." for name, what in self.unlike]
        if not self.pooled:
            return "\n".join([*said, "No question is answered alike in two of them."])
        primary = {_question(row) for r in self.releases for row in r.study.analyses if row.family == PRIMARY}
        main = [p for p in self.pooled if _asked(p.row) in primary]
        said += [self._line(one) for one in main]
        more = len(self.pooled) - len(main)
        said += [f"{numbers.count(more)} more are in the table (--out)."] if more else []
        return "\n".join(said)

    def _line(self, one: Pooled) -> str:
        form = numbers.ratio if one.row["of"] == RATIO else compare.form(dict(one.row))
        f, on = one.found, one.on
        level = numbers.plain(100 * self._level)
        text = f"{compare.asked(dict(one.row), Labels(self.releases[0].study))}: {form(on(f.value))} ({level} % CI "
        text += f"{form(on(f.low))} to {form(on(f.high))}) over {one.places} places"
        if numbers.known(f.next_low):
            text += f"; one more place {form(on(f.next_low))} to {form(on(f.next_high))}"
        least, most = on(float(f.without.min())), on(float(f.without.max()))
        return (
            f"{text}; less any one of them {form(least)} to {form(most)}; I squared {numbers.percent(f.inconsistency)}."
        )


def of(folders: Sequence[str]) -> Pool:
    """The releases in some folders. Raises StudyError as the module says."""
    from iop_outcomes.verify import released

    if len(folders) < 2:
        raise StudyError("Only several releases can be taken together: name two folders of releases or more.")
    found = [released.opened(folder) for folder in folders]
    cohorts = [str(release.plain.get("cohort")) for release in found]
    twice = next((c for c in cohorts if cohorts.count(c) > 1), None)
    if twice is not None:
        raise StudyError(
            f"Two of the releases are of the cohort '{twice}': its people would count twice. Name one release of each "
            "place; where two places call their cohorts alike, one of them needs another `cohort:`."
        )
    return Pool(found)


def _told(release: Release) -> Iterator[Estimated]:
    """Adjusted differences and ratios of contrasts that have a number and an error."""
    contrasts = release.study.contrasts
    for row in estimated(select.asked_first(release.tables["estimates"], release.compared)):
        fair = row["method"] not in UNADJUSTED or (
            row["contrast"] in contrasts and contrasts[row["contrast"]].randomised
        )
        whole = row["group_by"] == ALL and row["from_day"] is None and not numbers.known(row["hours_per_week"])
        compares = row["contrast"] in contrasts and row["of"] in (DIFFERENCE, RATIO)
        told = row["status"] == OK and numbers.known(row["estimate"]) and (numbers.number(row["std_error"]) or 0.0) > 0
        if compares and fair and whole and told:
            yield row


def _defined(release: Release) -> dict[str, dict[str, Any]]:
    """What contrasts and outcomes are, by name, without words."""
    study = release.study
    outcomes = {name: e.model_dump(exclude=WORDS) for name, e in study.endpoints.items()}
    contrasts = {
        name: {
            "column": c.column,
            "by_chance": c.randomised,
            **{a.name: sorted(a.values) for a in (c.first, c.second)},
        }
        for name, c in study.contrasts.items()
    }
    return {**outcomes, **contrasts}


def _question(row: Any) -> Key:
    return (row.contrast, row.outcome, row.horizon_days, row.measure, row.missing_rule)


def _asked(row: Estimated) -> Key:
    return (row["contrast"], row["outcome"], row["horizon_days"], row["measure"], row["missing_rule"])


def _written(value: float) -> str:
    return f"{value:.10g}" if numbers.known(value) else ""
