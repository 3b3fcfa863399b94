"""The finished report of the default cohort in a browser: it runs clean, asks for nothing and can be read aloud.

Chromium is driven over its DevTools protocol through a pipe, with names of hosts that lead nowhere.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.workflow

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
)  # fmt: skip
# Chromium reads orders from descriptor 3 and answers on 4
LAUNCH = """
import fcntl, os, sys
orders, answers = (fcntl.fcntl(int(d), fcntl.F_DUPFD, 10) for d in sys.argv[1:3])
os.dup2(orders, 3), os.dup2(answers, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
PAGE = """
Promise.all([...document.images].map(i => i.decode().catch(() => null))).then(() => JSON.stringify({
  title: document.title, lang: document.documentElement.lang,
  images: [...document.images].map(i => ({alt: i.alt, width: i.naturalWidth})),
  text: document.body.innerText,
}))
"""
LIMIT_SECONDS = 900  # a browser that has stopped answering, not one that is slow on a busy machine

BAD = """<!doctype html><html><head><link rel="stylesheet" href="https://fonts.example/a.css"></head><body>
<img src="beside.png"><img src="http://127.0.0.1:9/a.png" alt="elsewhere">
<script>console.error("wrong"); undefinedThing();</script></body></html>"""


class Pipe:
    """Orders to the browser and what it answers: JSON messages that end with a zero byte."""

    def __init__(self, orders: int, answers: int) -> None:
        self.orders, self.answers = orders, answers
        self.buffer, self.number = b"", 0
        self.events: list[dict[str, Any]] = []
        self.limit = time.monotonic() + LIMIT_SECONDS

    def message(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, self.limit - time.monotonic()))
            part = os.read(self.answers, 1 << 16) if ready else b""
            assert part, "the browser has stopped answering"
            self.buffer += part
        told, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(told)

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Give an order and wait for its answer; events that come first are kept."""
        self.number += 1
        order = {"id": self.number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.orders, json.dumps(order).encode() + b"\0")
        while (told := self.message()).get("id") != self.number:
            self.events.append(told)
        assert "error" not in told, told
        return told["result"]

    def wait_for(self, event: str) -> None:
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.message())


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Pipe]:
    """A browser with a fresh profile, closed at the end."""
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    launch = [sys.executable, "-c", LAUNCH, str(theirs_in), str(theirs_out), program]
    with open(profile.with_suffix(".log"), "wb") as log:
        running = subprocess.Popen(
            [*launch, *FLAGS, f"--user-data-dir={profile}"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=(theirs_in, theirs_out),
        )  # fmt: skip
    os.close(theirs_in), os.close(theirs_out)
    pipe = Pipe(ours_out, ours_in)
    try:
        yield pipe
        pipe.ask("Browser.close")
        running.wait(LIMIT_SECONDS)
    finally:
        running.kill()
        running.wait()
        os.close(ours_out), os.close(ours_in)


@dataclass
class Seen:
    """A page as the browser saw it: what it holds, what it complained of, and what it asked for beside itself."""

    page: dict[str, Any]
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def see(program: str, page: Path, profile: Path) -> Seen:
    """Open a file in a browser of its own."""
    address = page.resolve().as_uri()
    with browser(program, profile) as pipe:
        target = pipe.ask("Target.createTarget", url="about:blank")["targetId"]
        session = pipe.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            pipe.ask(f"{domain}.enable", session)
        pipe.ask("Page.navigate", session, url=address)
        pipe.wait_for("Page.loadEventFired")
        held = pipe.ask("Runtime.evaluate", session, expression=PAGE, awaitPromise=True)
    seen = Seen(json.loads(held["result"]["value"]))
    for event in pipe.events:
        told = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent" if not told["request"]["url"].startswith("data:"):
                seen.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                seen.complaints.append(told["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled":
                seen.complaints.append(f"console.{told['type']}")
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                seen.complaints.append(told["entry"]["text"])
    assert seen.requests[0] == address
    seen.requests = seen.requests[1:]
    return seen


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser's program; tests that need it are skipped without."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None or os.name != "posix":
        pytest.skip("needs Chromium")
    return program


@pytest.fixture(scope="module")
def seen(chromium, release, tmp_path_factory) -> Seen:
    return see(chromium, release("demo").report, tmp_path_factory.mktemp("browser") / "profile")


def test_the_page_runs_without_a_complaint(seen):
    assert seen.complaints == []


def test_the_page_asks_for_nothing_but_itself(seen):
    assert seen.requests == []


def test_every_image_is_drawn_and_has_words(seen, release):
    # a figure that says no more than a sentence does is left out of the page
    figures = list((release("demo").folder / "figures").glob("*.svg"))
    assert 10 < len(seen.page["images"]) <= len(figures)
    assert all(image["width"] > 0 for image in seen.page["images"])
    assert all(len(image["alt"]) > 40 for image in seen.page["images"])


def test_the_page_says_its_language_and_its_title(seen, release):
    assert seen.page["lang"] == "en"
    assert seen.page["title"].startswith("Intensive outpatient or residential care?")
    assert "In plain words" in seen.page["text"]


def test_a_page_that_asks_and_complains_is_seen_to(chromium, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(BAD)
    seen = see(chromium, page, tmp_path / "profile")
    beside = (tmp_path / "beside.png").resolve().as_uri()
    assert sorted(seen.requests) == [beside, "http://127.0.0.1:9/a.png", "https://fonts.example/a.css"]
    assert "console.error" in seen.complaints
    assert "Uncaught" in seen.complaints
    assert (seen.page["title"], seen.page["lang"]) == ("", "")
    assert [(i["alt"], i["width"]) for i in seen.page["images"]] == [("", 0), ("elsewhere", 0)]
