"""Endpoints once more, of one person at a time, from the text of the pattern: slow, and by another way.

It is written from the meaning of the columns (`patterns.definition`) with texts and lists, and shares no code with the
evaluation that it is held against beyond the typed row.
"""

from __future__ import annotations

import math

from iop_outcomes.patterns.definition import Definition
from iop_outcomes.patterns.symbols import STATES

SYMBOL = {state.name: state.symbol for state in STATES.values()}
RANK = {"-": 0.0, "*": 0.5, "+": 1.0}


def endpoint(text: str, rows: list[Definition], days: int = 7) -> list[float]:
    """Its columns: one number (nan where it is not defined; yes is 1), or time and event. days: of an interval."""
    found = [one_row(text, row, days) for row in rows]
    if len(found) == 1:
        return found[0]
    values = [v for (v,) in found]
    return [0.0 if 0.0 in values else sum(values) / len(values)]


def one_row(text: str, row: Definition, days: int) -> list[float]:
    told = {SYMBOL[name]: getattr(row, name) for name in ("missed", "mixed", "excused", "not_scheduled", "died")}
    states = ["o" if told.get(s) == "missed" else s for s in text]
    weeks = [0, *(i * days // 7 + 1 for i in range(len(text) + 99))]
    contact = weeks[max((i + 1 for i, s in enumerate(text) if s in RANK), default=0)]
    if row.schedule:
        states = [(states + ["o"] * 99)[i] if i + 1 in row.schedule else "_" for i in range(max(row.schedule))]
    states = filled(states, row.fill)
    numbered = [(i + 1, read(s, told)) for i, s in enumerate(states)]
    if row.window_of == "tests":
        numbered = [(i, s) for i, s in numbered if s != "left_out"]
        placed = list(enumerate(numbered, 1))
    else:
        placed = [(weeks[i], (i, s)) for i, s in numbered]
    total = placed[-1][0] if placed else 0
    start = row.start if row.start > 0 else total + 1 + row.start
    end = contact if row.end == "last_test" else int(row.end) if int(row.end) > 0 else total + 1 + int(row.end)
    inside = [pair for place, pair in placed if start <= place <= end and pair[1] != "left_out"]
    weights = {state.symbol: row.counts[state.code] for state in STATES.values() if state.code in row.counts}
    if row.value == "survival":
        return list(first(inside, row, weights))
    value = statistic(inside, row, weights)
    if row.value == "logical" and not math.isnan(value):
        value = float((row.at_least or -9e9) - 1e-9 <= value <= (9e9 if row.at_most is None else row.at_most + 1e-9))
    if row.retained and contact < row.retained:
        value = math.nan if row.otherwise is None else row.otherwise
    return [value]


def read(symbol: str, told: dict[str, str]) -> str:
    becomes = told.get(symbol, "")
    return "left_out" if becomes == "left_out" else SYMBOL[becomes] if becomes else symbol


def filled(states: list[str], how: str) -> list[str]:
    if how == "carried_forward":
        for i in range(1, len(states)):
            states[i] = states[i - 1] if states[i] == "_" else states[i]
    if how == "most_common":
        results = "".join(states).replace("*", "+")
        mode = "+" if results.count("+") >= results.count("-") else "-"
        known = any(s in RANK for s in states)
        states = [mode if s == "o" and known else s for s in states]
    if how == "neighbours":
        padded = ["o", *states, "o"]
        for i, s in enumerate(states):
            around = padded[i], padded[i + 2]
            if s == "o" and all(a in RANK for a in around):
                mean = sum(RANK[a] for a in around) / 2
                states = [*states[:i], min("+*-", key=lambda one: abs(RANK[one] - mean)), *states[i + 1 :]]
    return states


def statistic(inside: list[tuple[int, str]], row: Definition, weights: dict[str, float]) -> float:
    states = [s for _, s in inside]
    nothing = math.nan if row.empty is None else row.empty
    total = sum(weights.get(s, 0.0) for s in states)
    if row.statistic == "count":
        return total
    if row.statistic == "share":
        return total / len(states) if states else nothing
    if row.statistic == "longest_run":
        return float(max(map(len, "".join("y" if s in weights else "n" for s in states).split("n"))))
    factors = [(s, row.penalty[week - 1]) for week, s in inside if week <= len(row.penalty)]
    use = sum(weights.get(s, 0.0) * (f if s in "+*" else 1) for s, f in factors)
    worst = sum(max(weights["+"] * f, weights["o"]) for _, f in factors)
    return row.scale * (1 - use / worst) if worst else nothing


def first(inside: list[tuple[int, str]], row: Definition, weights: dict[str, float]) -> tuple[float, float]:
    needed = int(row.at_least or 0)
    span = row.within or needed
    if len(inside) < span:
        return math.nan, 0.0
    for i in range(len(inside) - span + 1):
        hits = [i + j for j, (_, s) in enumerate(inside[i : i + span]) if s in weights]
        if len(hits) >= needed:
            at = {"first_counting": hits[0], "latest_start": i + span - needed, "known": hits[needed - 1]}
            return float(inside[at[row.dated]][0]), 1.0
    return float(inside[-1 if row.dated == "known" else len(inside) - needed][0]), 0.0
