"""The HTML report in a real browser: it opens without a request or a complaint, and what it offers works."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import chromium
from example_report import SECOND, T0, capture, finding, measures, report, row, session, trip, tunnel
from test_output_web import hostile, overheard

import l2tpscope
from l2tpscope.analysis.rows import Measures, MessageRow, VpnRow
from l2tpscope.output.web import document
from l2tpscope.report import Report

pytestmark = pytest.mark.browser
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
MARKS = "#draw-rtt circle, #draw-rtt path"
SERIOUS = ("serious", "critical")


class Visit:
    """A page that was opened, and what the browser said of it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(f"dialog {dialog.message}"), dialog.dismiss()))

    def texts(self, selector: str) -> list[str]:
        """The texts of all visible elements."""
        found = self.page.locator(selector).all()
        return [each.inner_text() for each in found if each.is_visible()]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a screen."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where it is installed

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a report, from a file."""
    contexts = []

    def opened(made: Report, lang: str = "en", **options: Any) -> Visit:
        file = tmp_path / "report.html"
        file.write_text("".join(document(made, lang)), encoding="utf-8")  # type: ignore[arg-type]
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **options))
        visited = Visit(contexts[-1].new_page())
        visited.page.goto(file.as_uri())
        return visited

    yield opened
    for context in contexts:
        context.close()


def sample(name: str) -> Report:
    """The report of a bundled sample."""
    return l2tpscope.read(SAMPLES / name)


def many(number: int) -> Report:
    """A report of so many tunnels, each with its connection, session, messages and round trips."""
    numbers = range(1, number + 1)
    opened = {n: T0 + n * SECOND // 10 for n in numbers}
    messages = [
        row(
            MessageRow,
            "messages",
            capture=1,
            frame=20 * n + at,
            time=opened[n] + at * SECOND,
            tunnel=n,
            message="HELLO",
            ns=at,
            nr=at,
            fit="new",
        )
        for n in numbers
        for at in range(10)
    ]
    vpns = [
        row(
            VpnRow,
            "vpns",
            vpn=n,
            client=f"198.51.{n // 250}.{n % 250}:1701",
            server="203.0.113.5:1701",
            tunnels=[n],
            sessions=[n],
            opened=opened[n],
        )
        for n in numbers
    ]
    every = Measures(
        captures=[capture(time_end=T0 + 60 * SECOND)],
        tunnels=[tunnel(n, vpn=n, opened=opened[n], closed=opened[n] + 30 * SECOND) for n in numbers],
        sessions=[session(n, n, opened=opened[n], closed=opened[n] + 30 * SECOND) for n in numbers],
        messages=messages,
        rtt=[trip(0.02 + at / 1000, tunnel=n, time=opened[n] + at * SECOND) for n in numbers for at in range(20)],
        vpns=[replace(one, stage="l2tp-session", outcome="closed") for one in vpns],
        findings=[finding(first=T0, last=T0)],
    )
    return report(measures=every)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("name", ["wrong_psk.pcap", "loss.pcap.gz"])
def test_it_opens_without_a_request_or_a_complaint(visit: Any, name: str, lang: str) -> None:
    """The file itself is all that is fetched, the console stays empty, and the pictures are drawn."""
    visited = visit(sample(name), lang)
    assert [url[:8] for url in visited.requests] == ["file:///"]
    assert visited.said == []
    assert visited.page.locator("#draw-timeline .bar").count() > 0


@pytest.mark.parametrize("make", [hostile, overheard])
def test_nothing_that_a_peer_wrote_runs(visit: Any, make: Callable[[], Report]) -> None:
    """With attacks in every text no script of theirs runs, no dialog opens, nothing is fetched, and the policy has nothing to refuse."""
    visited = visit(make())
    visited.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    visited.page.wait_for_timeout(200)
    assert visited.said == []
    assert len(visited.requests) == 1
    assert visited.page.evaluate("window.hacked") is None
    assert visited.page.locator("script:not([type]), script[src], img, iframe, [onerror], [onload]").count() == 1


def test_the_policy_refuses_a_foreign_script(visit: Any) -> None:
    """A script put into the page does not run: the policy is in force, not only written down."""
    visited = visit(report())
    visited.page.evaluate("const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s);")
    assert visited.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in line for line in visited.said)


def test_tables_sort_both_ways(visit: Any) -> None:
    """A click on a head sorts by number, a second one turns it round, what is unknown stays last; the keyboard does it too."""
    several = [tunnel(n, setup_s=value, opened=T0) for n, value in enumerate((75.0, 0.5, None, 9.2, 3700.0), 1)]
    visited = visit(report(measures=replace(measures(), tunnels=several)))
    visited.page.locator("#table-tunnels > summary").click()
    head = visited.page.get_by_role("button", name="set-up").first
    column = "#table-tunnels tbody tr td:nth-child(7)"
    head.click()
    assert visited.texts(column) == ["0.50 s", "9.20 s", "1:15", "1:01:40", "–"]
    head.press("Enter")
    assert visited.texts(column) == ["1:01:40", "1:15", "9.20 s", "0.50 s", "–"]
    assert visited.page.locator("#table-tunnels th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_tables_and_findings_filter(visit: Any) -> None:
    """A field keeps the rows that contain its words and says how many; cards filter by words and severity."""
    two = [finding(), finding(finding="L2S201", severity="warning", summary="lossy path")]
    visited = visit(report(measures=replace(measures(), tunnels=[tunnel(n) for n in range(1, 31)], findings=two)))
    visited.page.locator("#table-tunnels > summary").click()
    visited.page.locator("#table-tunnels input").fill("198.51.100.10 → 203.0.113.5")
    assert visited.texts("#table-tunnels output") == ["30 of 30 rows"]
    visited.page.locator("#table-tunnels input").fill("nowhere")
    assert visited.texts("#table-tunnels tbody tr") == []
    visited.page.locator("#find").fill("LOSSY")
    assert len(visited.texts(".card")) == 1
    visited.page.locator("#severity").select_option("error")
    assert visited.texts(".card") == []
    assert visited.texts("#found") == ["0 of 2"]


def test_zoom_moves_all_pictures(visit: Any) -> None:
    """Dragging over the timeline shows that stretch alone, in the charts too; the buttons and keys do the same, and 0 shows all again."""
    apart = [trip(0.02, time=T0 + SECOND), trip(0.02, time=T0 + 39 * SECOND)]
    visited = visit(report(measures=replace(measures(), rtt=apart)))
    legend = 4

    def points() -> int:
        return int(visited.page.locator(MARKS).count()) - legend

    assert points() == 2
    visited.page.locator("#draw-timeline").scroll_into_view_if_needed()
    box = visited.page.locator("#draw-timeline svg").bounding_box()
    visited.page.mouse.move(box["x"] + 250, box["y"] + 60)
    visited.page.mouse.down()
    visited.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=4)
    visited.page.mouse.up()
    assert points() == 1
    visited.page.locator("#draw-rtt").press("0")
    assert points() == 2
    for _ in range(2):
        visited.page.get_by_role("button", name="Zoom in").click()
    assert points() == 0
    for _ in range(6):
        visited.page.locator("#draw-timeline").press("ArrowLeft")
    assert points() == 1


def test_the_axis_names_whole_steps(visit: Any) -> None:
    """Over 41 s that begin at a fraction of a second, the axis has at least three labels, each at whole five seconds."""
    visited = visit(report())
    labels = [text for text in visited.page.locator("#draw-rtt text").all_text_contents() if re.fullmatch(r"\d\d:\d\d:\d\d", text)]
    assert len(labels) >= 3
    assert [label for label in labels if int(label[-2:]) % 5] == []


def test_filter_is_copied(visit: Any) -> None:
    """The button beside a filter puts it on the clipboard, and says so."""
    visited = visit(report(), permissions=["clipboard-read", "clipboard-write"])
    button = visited.page.locator("button.copy").first
    button.click()
    visited.page.wait_for_function("document.querySelector('button.copy').textContent === 'Copied'")
    assert visited.page.evaluate("navigator.clipboard.readText()") == "l2tp && ip.addr == 203.0.113.5"


def test_dark_and_light(visit: Any) -> None:
    """The page and its ladders follow the system, and the page's own choice goes before it."""
    visited = visit(sample("wrong_psk.pcap"), color_scheme="dark")

    def papers() -> set[str]:
        of = "(selector) => getComputedStyle(document.querySelector(selector)).backgroundColor"
        return {visited.page.evaluate(of, selector) for selector in ("body", ".l2tp-ladder")}

    dark, light = {"rgb(22, 24, 28)"}, {"rgb(255, 255, 255)"}
    assert papers() == dark
    visited.page.locator("#theme").select_option("light")
    assert papers() == light
    visited.page.emulate_media(color_scheme="light")
    visited.page.locator("#theme").select_option("dark")
    assert papers() == dark
    visited.page.emulate_media(media="print")
    assert papers() == light


def test_it_prints(visit: Any) -> None:
    """On paper there is the verdict and what is open, and neither navigation nor fields; it makes a PDF of a few pages."""
    visited = visit(sample("wrong_psk.pcap"))
    pages = len(re.findall(rb"/Type\s*/Page\b", visited.page.pdf()))
    assert 1 <= pages <= 6
    visited.page.emulate_media(media="print")
    assert visited.texts("nav, .tools, .copy, #theme") == []
    assert visited.texts(".headline") == ["1 error"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["wrong_psk.pcap", ""])
def test_axe_finds_nothing_serious(visit: Any, name: str, scheme: str) -> None:
    """With every fold open, axe finds no serious or critical barrier, in either scheme; with rows in every table, too."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  only where it is installed

    visited = visit(sample(name) if name else report(), color_scheme=scheme)
    visited.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    found = Axe().run(visited.page).response
    assert len(found["passes"]) > 10
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"] if each["impact"] in SERIOUS] == []


def test_two_hundred_tunnels_load_within_three_seconds(visit: Any) -> None:
    """200 tunnels with their sessions, 2,000 messages and 4,000 round trips are there and drawn in 3 s, and none is left out."""
    visited = visit(many(200))

    def load() -> float:
        begin = time.monotonic()
        visited.page.reload()
        visited.page.wait_for_function("document.querySelectorAll('#draw-rtt circle').length > 0")
        return time.monotonic() - begin

    assert min(load() for _ in range(3)) < 3  # the machine may be busy
    assert visited.page.locator("#draw-timeline .bar.k2").count() == 200 + 1  # and the legend
    assert visited.said == []


def test_a_narrow_screen_does_not_scroll_sideways(visit: Any, tmp_path: Path) -> None:
    """On 360 pixels the page is as wide as the screen, however long the capture's path; what is wider scrolls in its own frame."""
    long = tmp_path / ("a" * 120) / "loss.pcap.gz"
    long.parent.mkdir()
    shutil.copy(SAMPLES / "loss.pcap.gz", long)
    visited = visit(l2tpscope.read(long))
    visited.page.set_viewport_size({"width": 360, "height": 800})
    visited.page.wait_for_timeout(300)
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_one_of_many_is_found_by_its_name(visit: Callable[..., Visit]) -> None:
    """Of 100 connections the timeline draws the one whose client or host is typed in; of nothing, it says so."""
    page = visit(many(100)).page
    groups = page.locator("#draw-timeline text.group")
    assert groups.count() == 100
    page.fill("#lanes", "198.51.0.77 ")
    assert groups.all_text_contents() == ["vpn 77: 198.51.0.77 → 203.0.113.5"]
    page.fill("#lanes", "nobody")
    assert page.locator("#draw-timeline p").inner_text() == "There is no connection to draw."


def test_loss_over_time_is_drawn_and_zooms(visit: Callable[..., Visit]) -> None:
    """A capture with numbered data has columns of loss, as many as are in view; one without numbers has no such picture."""
    visited = visit(sample("loss.pcap.gz"))
    columns = visited.page.locator("#draw-course rect.course")
    before = columns.count()
    assert before > 10
    visited.page.locator('[data-zoom="+"]').click()
    assert 0 < columns.count() < before
    assert visit(sample("healthy.pcap.gz")).page.locator("#draw-course").is_hidden()
    assert visited.said == []
