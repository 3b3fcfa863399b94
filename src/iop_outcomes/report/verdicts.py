"""Is it no worse? The verdict of each question in words that somebody with ten minutes and no statistics can act on.

One point for each question that is judged: the verdict, the range in people of a hundred (or days, or times as fast),
how much worse had been set as acceptable, under which readings of missing answers it holds, and, where it is not
settled, how many people it would take. Questions with different answers are said to have them: no verdict stands for
another. Every number is one of the table of verdicts, or of the study.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.presentation.labels import Labels, method, sentence, within
from iop_outcomes.protocol import AsRun
from iop_outcomes.report.document import Heading, Item, Paragraph, Point, Points
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables.rows import Estimated, Judgement, alike, estimated, judgements
from iop_outcomes.vocabulary.answers import IMPUTED, MISSING_IS_USING
from iop_outcomes.vocabulary.directions import MORE
from iop_outcomes.vocabulary.measures import HAZARD_RATIO, MEAN_DAYS, MEASURES, RATIO, SUBDISTRIBUTION_HAZARD_RATIO
from iop_outcomes.vocabulary.verdicts import EARLIER, INCONCLUSIVE, NOT_ANSWERABLE, STRICT, TOGETHER, VERDICTS, needed

if TYPE_CHECKING:
    import pandas as pd

QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "measure", "of")
DIFFERENT = (
    "These questions have different answers. Each stands for itself: doing better on one does not make up for doing "
    "worse on another, and which of them counts is for the reader to say."
)
TONES = {INCONCLUSIVE: "caution", NOT_ANSWERABLE: "absent"}
SECONDARY = "A further question, not a primary one"
HANGS_ON = "It hangs on how missing answers are read"


@dataclass(frozen=True)
class Question:
    """What was judged of one question. leads: the verdict that speaks; rows: all of them; estimate: a row behind it."""

    leads: Judgement
    rows: Sequence[Judgement]
    estimate: Estimated | None

    @property
    def readings(self) -> list[Judgement]:
        """The rows of the leading method by the same margin, one for each reading of missing answers."""
        lead = self.leads
        return [r for r in self.rows if (r["method"], r["by"]) == (lead["method"], lead["by"]) and r is not lead
                and r["missing_rule"] != TOGETHER]  # fmt: skip

    def read_by(self, method: str) -> set[str]:
        """The readings of missing answers by a method that a verdict may need."""
        return {r["missing_rule"] for r in self.rows if r["method"] == method} & {MISSING_IS_USING, IMPUTED}

    def others(self, by: str) -> list[Judgement]:
        """The verdicts by another margin of the leading method."""
        return [r for r in self.rows if r["by"] == by and r["method"] == self.leads["method"]
                and r["missing_rule"] == TOGETHER]  # fmt: skip


def items(verdicts: pd.DataFrame, estimates: pd.DataFrame, study: AsRun) -> list[Item]:
    """The first thing that the report says: one heading and list for each contrast that was judged."""
    found: list[Item] = []
    for contrast in study.contrasts:
        own = questions(verdicts[verdicts["contrast"] == contrast], estimates)
        if not own:
            continue
        labels = Labels(study)
        found.append(Heading(f"Is it no worse? {labels.contrast(contrast)}"))
        primary = {q.leads["verdict"] for q in own if q.leads["family"] == "primary"}
        if len(primary - {NOT_ANSWERABLE}) > 1:
            found.append(Paragraph(DIFFERENT))
        points = (Point(told(q, labels), TONES.get(q.leads["verdict"], "")) for q in own)
        found.append(Points(tuple(points)))
    return found


def questions(verdicts: pd.DataFrame, estimates: pd.DataFrame) -> list[Question]:
    """The questions of some verdicts, primary ones first."""
    rows = alike(judgements(verdicts), QUESTION)
    behind: dict[tuple[object, ...], Estimated] = {}
    for row in estimated(estimates):
        behind.setdefault((*(row[name] for name in QUESTION), row["method"]), row)  # type: ignore[literal-required]
    found = []
    for key, own in rows.items():
        lead = next((r for r in own if r["leads"]), None)
        if lead is not None:
            found.append(Question(lead, own, behind.get((*key, lead["method"]))))
    return sorted(found, key=lambda q: q.leads["family"] != "primary")


def told(question: Question, labels: Labels) -> str:
    """One question in words."""
    lead = question.leads
    topic = f"{labels.endpoint(lead['outcome'])}, day {lead['horizon_days']}"
    topic += f", {within(MEASURES[lead['measure']].called)}" if MEASURES[lead["measure"]].called else ""
    said = [f"{topic}. {VERDICTS[lead['verdict']].label}: {_verdict(question, labels)}."]
    if lead["family"] != "primary":
        said.insert(0, f"{SECONDARY}.")
    if lead["verdict"] != NOT_ANSWERABLE or numbers.known(lead["conf_low"]):
        said += [_range(question, labels), *_acceptable(question), *_readings(question, labels)]
        said += [*_needed(lead), *_otherwise(question)]
    return " ".join(said)


def _verdict(question: Question, labels: Labels) -> str:
    lead = question.leads
    first, second = effects.groups(labels, lead["contrast"])
    text = VERDICTS[lead["verdict"]].said.format(first=first, second=second)
    if lead["verdict"] == NOT_ANSWERABLE and lead["reason"]:
        text += f" ({labels.reason(lead['contrast'], lead['reason'])})"
    return text


@dataclass(frozen=True)
class Words:
    """How a difference or ratio is told. form: of its numbers, without sign. range: a sentence with {range}, {first},
    {second}, {verb} and {day}. worse: what was set as acceptable, with {margin}.
    """

    form: numbers.Form
    range: str
    worse: str


OF_SHARES = Words(
    numbers.of_hundred,
    "Of 100 people like these, {range} {verb} in the first group than in the second.",
    "Up to {margin} {way} of 100 was set beforehand as still acceptable.",
)
OF_DAYS = Words(
    numbers.days,
    "Over {day} days, people like these spend {range} days in care in the first group than in the second.",
    "Up to {margin} days {way} was set beforehand as still acceptable.",
)
OF_NUMBERS = Words(
    numbers.days,
    "The mean of the first group lies {range} than that of the second.",
    "Up to {margin} {way} was set beforehand as still acceptable.",
)
OF_RATIOS = Words(
    numbers.ratio,
    "The ratio, of the first group to the second, lies {range}.",
    "Up to {margin} times was set beforehand as still acceptable.",
)
OF_PACE = replace(OF_RATIOS, range="In the first group it happens {range} times as fast as in the second.")
PACES = (HAZARD_RATIO, SUBDISTRIBUTION_HAZARD_RATIO)


def _words(lead: Judgement) -> Words:
    if lead["of"] == RATIO:
        return OF_PACE if lead["measure"] in PACES else OF_RATIOS
    if MEASURES[lead["measure"]].share:
        return OF_SHARES
    return OF_DAYS if lead["measure"] == MEAN_DAYS else OF_NUMBERS


def _digits(lead: Judgement) -> int:
    """Further decimals by which the limits are told apart from the margin and from no difference."""
    if lead["of"] == RATIO:
        return 0
    scale = 100 if MEASURES[lead["measure"]].share else 10
    marks = [v for v in (lead["margin"], 0.0) if numbers.known(v)]
    for more in range(numbers.FURTHER):
        pairs = [(end, mark) for end in (lead["conf_low"], lead["conf_high"]) for mark in marks if end != mark]
        if all(round(scale * end, more) != round(scale * mark, more) for end, mark in pairs):
            return more
    return 0


def _range(question: Question, labels: Labels) -> str:
    lead = question.leads
    verb = effects.verb(question.estimate, labels) if question.estimate else ""
    words = _words(lead)
    return words.range.format(range=_between(lead, words, _digits(lead)), verb=verb, day=lead["horizon_days"])


def _between(lead: Judgement, words: Words, more: int) -> str:
    """'between 3 fewer and 6 more', 'between 21 and 27 more', 'between 0.65 and 0.94'."""
    low, high, error = lead["conf_low"], lead["conf_high"], lead["rounding_error"]
    if lead["of"] == RATIO:
        return f"between {words.form(low, error, more)} and {words.form(high, error, more)}"
    one, other = words.form(abs(low), error, more), words.form(abs(high), error, more)
    if low >= 0:
        return f"between {one} and {other} more"
    if high <= 0:
        return f"between {other} and {one} fewer"
    return f"between {one} fewer and {other} more"


def _acceptable(question: Question) -> Iterator[str]:
    lead = question.leads
    if not numbers.known(lead["margin"]):
        return
    words, way = _words(lead), "fewer" if lead["better"] == MORE else "more"
    value = lead["margin"] if lead["of"] == RATIO else abs(lead["margin"])
    yield words.worse.format(margin=words.form(value), way=way)


def _readings(question: Question, labels: Labels) -> Iterator[str]:
    """What hangs on the reading of missing answers."""
    lead, estimate = question.leads, question.estimate
    if lead["reason"]:
        yield f"{HANGS_ON} ({lead['reason']})."
        return
    endpoint = labels.endpoints().get(lead["outcome"])
    if endpoint is None or estimate is None:
        return
    rules = [r["missing_rule"] for r in question.readings if r["missing_rule"] in needed(endpoint.kind)]
    read = [effects.reading({**estimate, "missing_rule": rule}, labels) for rule in rules]
    if len(read) > 1:
        yield f"This holds {sentence(read)}."


def _needed(lead: Judgement) -> Iterator[str]:
    if lead["verdict"] != INCONCLUSIVE or not numbers.known(lead["needed"]) or lead["n"] is None:
        return
    if lead["needed"] > lead["n"]:
        yield (
            f"{numbers.count(lead['n'])} people were compared; were the two truly alike, about "
            f"{numbers.count(lead['needed'])} people like these would show it, nine times in ten."
        )


def _otherwise(question: Question) -> Iterator[str]:
    """Verdicts by the stricter margin, by the one of an earlier release, and by other ways to make arms comparable."""
    lead = question.leads
    form = _words(lead).form
    for other in question.others(STRICT):
        value = other["margin"] if lead["of"] == RATIO else abs(other["margin"])
        yield f"By the stricter margin of {form(value)}: {_label(other)}."
    for other in question.others(EARLIER):
        value = other["margin"] if lead["of"] == RATIO else abs(other["margin"])
        yield (
            f"The margin was {form(value)} in an earlier release and has been changed since; by that one the verdict "
            f"would be: {_label(other)}."
        )
    apart = [
        f"{within(method(r['method']))}: {_label(r)}"
        for r in question.rows
        if r["missing_rule"] == TOGETHER
        and r["by"] == lead["by"]
        and r["verdict"] != lead["verdict"]
        # a method that was asked under fewer readings is no other opinion
        and question.read_by(r["method"]) >= question.read_by(lead["method"])
    ]
    if apart:
        yield f"Other ways to make the arms alike say otherwise ({'; '.join(apart)})."


def _label(row: Judgement) -> str:
    return within(VERDICTS[row["verdict"]].label)
