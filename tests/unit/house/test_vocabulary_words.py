"""A method, a kind of endpoint, a measure, a level of care, a cause is written in the vocabulary and nowhere else.

The code is read as a syntax tree; a text that is such a word counts, wherever it stands, but for docstrings. Some of
the words are ordinary English too, or names of columns: these uses are listed with their reason and their number, and
the list may only shrink.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import syntax

from iop_outcomes.vocabulary import answers, causes, endpoints, levels, measures, methods

PUBLISHED = "a column or a value of a table that an agency published"
NO_LEVEL = "a number or a code of a source that is no level of care"
ANSWER = "an answer that people or programs give, of race for example, that is no cause of leaving"
GATE = "what the identifier gate takes a column's name for"
TABLE = "the table of times to an event, whichever kind of endpoint they are of"
ASSIGNED = "the key of a contrast that says whether arms were assigned by chance"
FIGURE = "the figure of propensity scores in both arms"
OUTCOME = "an outcome of the endpoint library, as a study might name it otherwise"
# (word, file within the package): (how often, why)
ELSEWHERE = {
    ("first_use", "cohort/abstinence.py"): (2, TABLE),
    ("first_use", "cohort/pattern_endpoints.py"): (1, TABLE),
    ("first_use", "checks/definition.py"): (1, TABLE),
    ("first_use", "tables/outcomes.py"): (1, TABLE),
    ("overlap", "figures/__init__.py"): (1, FIGURE),
    ("overlap", "report/sections.py"): (1, FIGURE),
    ("overlap", "study/figures.py"): (1, FIGURE),
    ("completed", "simulate/cohort/truth.py"): (1, OUTCOME),
    ("death", "simulate/cohort/truth.py"): (1, OUTCOME),
    ("completed", "simulate/tedsd/plan.py"): (3, PUBLISHED),
    ("transferred", "simulate/tedsd/plan.py"): (2, PUBLISHED),
    ("other", "simulate/tedsd/plan.py"): (2, PUBLISHED),
    ("other", "simulate/tedsd/margins.py"): (1, PUBLISHED),
    ("completed", "checks/usual_stays.py"): (2, PUBLISHED),
    ("transferred", "checks/usual_stays.py"): (1, PUBLISHED),
    ("other", "checks/usual_stays.py"): (1, PUBLISHED),
    ("1", "checks/usual_stays.py"): (1, NO_LEVEL),
    ("4", "checks/usual_stays.py"): (1, NO_LEVEL),
    ("1", "sources/crosswalk.py"): (1, NO_LEVEL),
    ("4", "sources/crosswalk.py"): (1, NO_LEVEL),
    ("1", "sources/trials/ctn0094.py"): (1, NO_LEVEL),
    ("1", "sources/trials/ctn0094_tests.py"): (1, NO_LEVEL),
    ("1", "tables/bands.py"): (1, "a number of episodes"),
    ("other", "cohort/population.py"): (1, ANSWER),
    ("other", "release/rare.py"): (1, ANSWER),
    ("other", "sources/trials/help_panel.py"): (1, ANSWER),
    ("other", "simulate/cohort/program_records.py"): (1, ANSWER),
    ("other", "simulate/tedsd/substances.py"): (1, ANSWER),
    ("other", "sources/trials/uis.py"): (1, ANSWER),
    ("other", "privacy/identifiers/freedom.py"): (1, GATE),
    ("other", "privacy/identifiers/headers.py"): (4, GATE),
    ("other", "privacy/identifiers/scan.py"): (1, GATE),
    ("other", "tables/readings.py"): (1, "codes that a mapping does not list"),
    ("other", "clean/versions.py"): (1, "a column: another record of the stay"),
    ("other", "cohort/hours.py"): (1, "a column: hours of another kind of care"),
}


def words() -> set[str]:
    """Every word that stands in the vocabulary alone."""
    found = {
        *methods.METHODS, *methods.WEIGHTS, *endpoints.KINDS, *levels.LEVELS, *endpoints.CAUSES, *causes.LABELS,
        *answers.MISSING_RULES, *measures.MEASURES, levels.NOT_KNOWN,
    } - {answers.NONE}  # fmt: skip
    return found


def texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The texts of a module and their lines, docstrings left out."""
    rooms = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    said = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, rooms) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value, node.lineno


def test_words_of_the_vocabulary_are_written_nowhere_else(project: Path) -> None:
    package, known = project / "src/iop_outcomes", words()
    found: dict[tuple[str, str], list[int]] = {}
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        if name.startswith("vocabulary/"):
            continue
        for text, line in texts(syntax.tree(file)):
            if text in known:
                found.setdefault((text, name), []).append(line)
    more = [
        f"src/iop_outcomes/{file}, lines {', '.join(map(str, lines))}: {word!r} is a word of the vocabulary. Name it "
        "by its constant or by its row in iop_outcomes.vocabulary."
        for (word, file), lines in found.items()
        if len(lines) > ELSEWHERE.get((word, file), (0, ""))[0]
    ]
    assert not more, "\n".join(more)
    times = Counter({key: len(lines) for key, lines in found.items()})
    fewer = [key for key, (often, _) in ELSEWHERE.items() if times[key] < often]
    assert not fewer, f"these stand elsewhere less often than ELSEWHERE says; take them out of it: {fewer}"


def test_a_word_is_found_in_code_and_not_in_docstrings() -> None:
    code = '"""overdose"""\ndef f(x="death"):\n    """death"""\n    return {"matching": x["2.1"]}, f"{x}risky"\n'
    found = sorted(text for text, _ in texts(ast.parse(code)) if text in words())
    assert found == ["2.1", "death", "matching"]
