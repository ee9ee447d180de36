"""The HTML report: one file that fetches nothing, in which what a peer wrote is text."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_type_hints

import pytest
from example_report import SECOND, T0, capture, finding, loss, measures, report, row, session, trip, tunnel

import l2tpscope
from l2tpscope.analysis.rows import ROWS, EspSaRow, Measures, ThroughputRow
from l2tpscope.cli import run
from l2tpscope.output.web import LANGS, digests, document
from l2tpscope.output.web.charts import losses, round_trips, rtt, throughput
from l2tpscope.output.web.document import KEPT
from l2tpscope.output.web.grids import ROWS as SHOWN
from l2tpscope.output.web.grids import key
from l2tpscope.output.web.lanes import timeline
from l2tpscope.output.web.terms import RULES, TABLES
from l2tpscope.output.web.words import LIMITS, WORDS
from l2tpscope.report import Report, columns

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))

from script import A, B, Script, u16
from simulation import avp

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
VOID = {"meta", "link", "input"}
ATTACKS = (
    "<script>parent.hacked=1</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "<!--",
    "javascript:alert(1)",
    "\x1b]0;owned\x07\x1b[2J",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "{{7*7}}${7*7}",
    "&lt;b&gt;&#x3c;",
    "\x00\udc80\u2028",
)
ATTACK = "".join(ATTACKS)


class Outline(HTMLParser):
    """What a parser of HTML makes of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, str] = {}
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag of SVG that is empty."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It must end the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text, script or style."""
        if self.open and self.open[-1] == "script":
            attributes = self.tags[-1][1]
            if attributes.get("type") == "application/json":
                name = attributes["id"] or ""
                self.data[name] = self.data.get(name, "") + data
            else:
                self.scripts.append(data)
        elif self.open and self.open[-1] == "style":
            self.styles.append(data)
        else:
            self.text += data


def page(given: Report | None = None, lang: str = "en", **more: object) -> Outline:
    """The outline of a report's page."""
    return Outline("".join(document(given or report(), lang, **more)))  # type: ignore[arg-type]


def hostile() -> Report:
    """A report in which every text that can hold one holds all the attacks."""
    made = measures()
    for each in fields(Measures):
        rows = getattr(made, each.name)
        if each.name == "notes":
            made.notes.append(ATTACK)
            continue
        setattr(made, each.name, [_poisoned(each.name, one) for one in rows])
    return report(measures=made, notes=[ATTACK])


def _poisoned(table: str, one: object) -> object:
    texts = {column.name: ATTACK for column in columns(table) if column.kind == "string"}
    texts |= {column.name: [ATTACK, ATTACK] for column in columns(table) if column.kind == "list"}
    keep = {"vpns": ("client", "server"), "tunnels": ("initiator", "responder"), "findings": ("consequence_of",)}.get(table, ())
    return replace(one, **{name: value for name, value in texts.items() if name not in keep})  # type: ignore[type-var]


def overheard() -> Report:
    """A capture in which a peer's host name, vendor name and error message are the attacks: a request, its answer, a refusal."""
    script = Script()
    attack = "".join(ATTACKS[:-1]).encode()  # the last is no UTF-8
    for time, source, target, message, tunnel_id, ns in ((0.0, A, B, 1, 0, 0), (0.1, B, A, 2, 6, 0)):
        octets = avp(0, u16(message)) + avp(2, b"\1\0") + avp(3, b"\0\0\0\3") + avp(7, attack) + avp(8, attack) + avp(9, u16(5 + message))
        script.udp(time, source, target, struct.pack(">HHHHHH", 0xC802, 12 + len(octets), tunnel_id, 0, ns, message - 1) + octets)
    script.control(0.2, B, A, "StopCCN", 6, 1, 1, assigned=7, result=u16(2) + u16(6) + attack)
    return script.report()


def test_the_attacks_arrive_from_the_wire() -> None:
    """The decoded host name, vendor name and error message are what was sent."""
    (one,) = overheard().rows("tunnels")
    for text in (one.initiator_host_name, one.responder_host_name, one.initiator_vendor, one.error_message):
        assert all(attack in text for attack in ATTACKS[:-1])


def test_every_table_is_poisoned() -> None:
    """The hostile report has a row in every table, and the attacks in each that has a column of text."""
    made = hostile()
    for table in ROWS:
        (first, *_) = made.rows(table)
        texts = [getattr(first, column.name) for column in columns(table) if column.kind in ("string", "list")]
        assert not texts or ATTACK in texts or [ATTACK, ATTACK] in texts


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_makes_no_tag_and_no_attribute(lang: str) -> None:
    """With attacks in every text the page has the same kinds of tags and attributes as with none, and every tag is closed."""
    harmless, attacked = page(report(), lang), page(hostile(), lang)
    assert attacked.open == []
    assert {tag for tag, _ in attacked.tags} <= {tag for tag, _ in harmless.tags} | {"li", "ul", "div", "h3", "rect"}
    names = {name for _, attributes in attacked.tags for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc", "formaction")]
    targets = [
        value or "" for _, attributes in attacked.tags for name, value in attributes.items() if name in ("href", "src", "xlink:href")
    ]
    assert all(re.fullmatch(r"#[\w-]+|data:,", target) for target in targets)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("make", [hostile, overheard])
def test_hostile_text_is_shown_as_text(make: Callable[[], Report], lang: str) -> None:
    """Markup is shown letter by letter; what would steer a terminal or turn the direction of writing, as an escape."""
    text = page(make(), lang).text
    for words in (
        "<script>parent.hacked=1</script>",
        '"><img src=x onerror=alert(1)>',
        r"\x1b]0;owned\x07",
        r"\u202egnp.exe\u2066\u200b\ufeff",
    ):
        assert words in text
    assert not set(text) & set("\x00\x07\x1b\u202e\u2066\u200b\ufeff\u2028")


def test_policy_allows_no_script_but_the_pages_own() -> None:
    """The content security policy names the hashes of the one script and the one style, and nothing else may load."""
    outline = page(hostile())
    (policy,) = [attributes["content"] or "" for tag, attributes in outline.tags if tag == "meta" and "http-equiv" in attributes]
    assert len(outline.scripts) == len(outline.styles) == 1
    for kind, text in (("script-src", outline.scripts[0]), ("style-src", outline.styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_scripts_data_is_harmless_already() -> None:
    """What the script sets as text holds no control and no bidirectional character."""
    view = json.loads(page(hostile()).data["l2tpscope-view"])
    assert not set(json.dumps(view, ensure_ascii=False)) & set("\x00\x07\x1b\u202e\u2066\u200b\ufeff\u2028")
    assert "\\u001b" not in json.dumps(view)


def test_the_document_is_in_the_page_unchanged() -> None:
    """The data of the page is the document of --format json, hostile text and all, and how many rows each table has."""
    made = hostile()
    found = json.loads(page(made).data["l2tpscope-data"])
    assert found.pop("rows") == {table: len(made.rows(table)) for table in ROWS}
    assert found == json.loads(made.to_json())


def test_long_tables_are_cut_and_say_so() -> None:
    """Of a table with 2,500 rows the page shows 500, its data has 2,000, and both say how many there are."""
    made = report(measures=replace(measures(), rtt=[trip(0.02 + number * 1e-6, time=T0 + number * 10**7) for number in range(2500)]))
    outline = page(made)
    found = json.loads(outline.data["l2tpscope-data"])
    assert (len(found["rtt"]), found["rows"]["rtt"]) == (KEPT, 2500)
    assert f"The first {SHOWN} of 2,500 rows; all of them: l2tpscope rtt wan.pcap" in outline.text
    assert "Of these tables only the first 2,000 rows: rtt (2,500)" in outline.text


def test_digest_is_of_the_file_as_it_lies(tmp_path: Path) -> None:
    """The SHA-256 is that of FIPS 180-2's example "abc"; a pipe and a file that is gone have none, and nothing hangs."""
    (tmp_path / "a.pcap").write_bytes(b"abc")
    os.mkfifo(tmp_path / "pipe")
    paths = [str(tmp_path / name) for name in ("a.pcap", "pipe", "gone")]
    assert digests([*paths, "-"]) == {
        paths[0]: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        paths[1]: None,
        paths[2]: None,
        "-": None,
    }


def test_every_word_is_said_in_both_languages() -> None:
    """Each word has an English and a Japanese form with the same fields to fill in; each table has a name, and what is named is a rule."""
    for english, japanese in (*WORDS.values(), *LIMITS):
        assert japanese
        assert not english or sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", japanese))
    rules = {path.name[:6].upper() for path in (Path(l2tpscope.__file__).parent / "findings" / "rules").glob("l2s*.py")}
    assert len(set(RULES)) > 45
    assert set(RULES) <= rules  # a new rule has its English name until someone knows the Japanese one
    assert set(TABLES) | {"findings"} == set(ROWS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", 1234),
        ("0.23 s", 0.23),
        ("41 s", 41),
        ("12:41", 761),
        ("1:02:11", 3731),
        (">1:02:11", 3731),
        ("3 d 02:11", 3 * 86_400 + 2 * 3600 + 11 * 60),
        ("12.3 k", 12_300),
        ("<0.01", 0.01),
        ("0.42 % (0.21-0.85)", 0.42),
        ("9/8", 9),
        ("SCCRQ", None),
        ("–", None),
        ("-", None),
    ],
)
def test_cells_sort_by_what_they_mean(text: str, value: float | None) -> None:
    """A duration sorts by its seconds, a number by its value, words by their letters."""
    assert key(text) == value


def test_bars_span_what_the_rows_say() -> None:
    """A tunnel of 40 s has a bar of 40 s; a refused one is marked as broken; an established one goes on after the capture."""
    on = tunnel(3, vpn=1, state="established", opened=T0, closed=None)
    made = report(measures=replace(measures(), tunnels=[tunnel(vpn=1), tunnel(2, vpn=1, state="refused"), on]))
    bars = {bar["name"].split(" l")[0]: bar for group in timeline(made)["groups"] for lane in group["lanes"] for bar in lane}
    assert (bars["tunnel 1"]["begin"], bars["tunnel 1"]["end"], bars["tunnel 1"]["broken"]) == (0.0, 40.0, False)
    assert bars["tunnel 2"]["broken"]
    assert (bars["tunnel 3"]["end"], bars["tunnel 3"]["beyond"]) == (41.0, True)


def test_bars_of_one_lane_do_not_overlap() -> None:
    """Sessions of one tunnel at one time stand in lanes of their own; one after the other, in one."""
    later = session(3, opened=T0 + 40 * 10**9, closed=T0 + 41 * 10**9)
    made = report(measures=replace(measures(), tunnels=[tunnel(vpn=1)], sessions=[session(), session(2), later]))
    lanes = [lane for group in timeline(made)["groups"] for lane in group["lanes"] if lane[0]["kind"] == "session"]
    assert sorted(len(lane) for lane in lanes) == [1, 2]


def test_directions_of_esp_have_lanes_of_their_own() -> None:
    """SAs of one direction that follow each other share a lane; those of the other direction stand in the next."""
    sas = [
        row(EspSaRow, "esp_sas", esp_sa=n, vpn=1, spi=f"0x{n:08x}", direction=way, first=T0 + at * SECOND, last=T0 + (at + 1) * SECOND)
        for n, way, at in ((1, "to_initiator", 0), (2, "to_responder", 0), (3, "to_initiator", 1), (4, "to_responder", 1))
    ]
    lanes = [lane for group in timeline(report(measures=replace(measures(), esp_sas=sas)))["groups"] for lane in group["lanes"]]
    assert [[bar["name"] for bar in lane] for lane in lanes if lane[0]["kind"] == "ESP SA"] == [
        ["ESP → 2 0x00000002", "ESP → 4 0x00000004"],
        ["ESP ← 1 0x00000001", "ESP ← 3 0x00000003"],
    ]


def test_points_are_samples_and_sides_stay_apart() -> None:
    """A point is an instant, milliseconds, a side and whether it is clean; 4,000 samples are thinned to some of themselves."""
    points = rtt(report())["points"]
    assert [point[1:4] for point in points] == [[23.1, 0, 1], [25.0, 0, 1], [41.2, 1, 1], [300.0, 0, 0]]
    many = [trip(0.001 * (1 + number % 97), "responder" if number % 2 else "initiator", time=T0 + number * 10**7) for number in range(4000)]
    thinned = rtt(report(measures=replace(measures(), rtt=many)))
    measured = {(round((one.time - T0) / 1e9, 6), round(one.rtt_s * 1e3, 4), int(one.side == "responder")) for one in many}
    drawn = {tuple(point[:3]) for point in thinned["points"]}
    assert thinned["all"] == 4000
    assert len(drawn) < 3000
    assert drawn <= measured
    assert {max(value for _, value, side in drawn if side == one) for one in (0, 1)} == {97.0}


def test_statistics_are_of_clean_samples_of_one_side() -> None:
    """Two clean samples of the initiator's side, 23.1 and 25 ms, and one that is not: never mixed with the responder's."""
    found = {one.side: (one.n, one.min_s, others, largest) for _, one, others, largest in round_trips(report())}
    assert found == {"initiator": (2, 0.0231, 1, 0.025), "responder": (1, 0.0412, 0, 0.0412)}


def test_loss_that_is_not_measurable_has_no_number() -> None:
    """What could not be measured is listed with its reason and is not drawn as 0."""
    found = losses(report())
    assert [(each["name"], each["text"]) for each in found["rows"]] == [("session 1 → l2tp-data", "21/5,001  0.42 % (0.28-0.64)")]
    assert found["unmeasured"] == [["l2tp-data", "no sequence numbers (S bit not set)", 1]]
    assert "no sequence numbers (S bit not set)" in page().text


def test_worst_loss_comes_first() -> None:
    """The most lost is on top."""
    rows = [loss(session=1, loss_ratio=0.001), loss(session=2, loss_ratio=0.2), loss(session=3, loss_ratio=0.01)]
    found = losses(report(measures=replace(measures(), loss=rows)))["rows"]
    assert [each["name"].split(" →")[0] for each in found] == ["session 2", "session 3", "session 1"]


def test_losses_of_one_kind_stand_together() -> None:
    """Echoes, which are lost on either way, come after all that is counted by numbers, whatever their ratios."""
    rows = [loss(space="icmp-echo", loss_ratio=0.5), loss(loss_ratio=0.001), loss(space="esp", loss_ratio=0.01)]
    found = losses(report(measures=replace(measures(), loss=rows)))["rows"]
    assert [each["name"].split(" ")[-1] for each in found] == ["l2tp-data", "esp", "icmp-echo"]


def test_octets_of_joined_bins_stay_whole_and_esp_is_never_added_to_clear() -> None:
    """5,000 bins of 1 s are joined to at most 600 in which no octet is lost; ESP is a series of its own."""
    clear = [
        row(
            ThroughputRow,
            "throughput",
            time=(T0 // 10**9 + n) * 10**9,
            bin_s=1.0,
            tunnel=1,
            session=1 + n % 2,
            direction="to_responder",
            octets=n,
        )
        for n in range(5000)
    ]
    esp = row(ThroughputRow, "throughput", time=T0, bin_s=1.0, esp_sa=1, direction="to_initiator", octets=7)
    long = capture(time_end=T0 + 5000 * 10**9)
    found = throughput(report(measures=replace(measures(), captures=[long], throughput=[*clear, esp])))
    series = {each["name"]: each for each in found["series"]}
    assert len(series["all-sessions"]["to_responder"]) <= 601
    assert sum(octets for _, octets in series["all-sessions"]["to_responder"]) == sum(range(5000))
    assert series["all-esp"]["to_initiator"][0][1] == 7
    assert {"session 1", "session 2", "esp_sa 1"} <= set(series)


def test_a_finding_says_all_that_is_known_of_it() -> None:
    """A card has severity, grade, evidence, doubts, alternatives, advice and filter."""
    text = page(report(measures=replace(measures(), findings=[finding(consequence_of="L2S101")]))).text
    for words in (
        "error",
        "certain",
        "frame 7-9, 12",
        "`x`|<b>",
        "one",
        "another",
        "look there",
        "l2tp && ip.addr == 203.0.113.5",
        "L2S101",
    ):
        assert words in text


def test_a_capture_without_anything_says_so() -> None:
    """Of a capture in which there is nothing of L2TP or IPsec the page says just that, and claims no health."""
    nothing = capture(l2tp2_control_frames=0, l2tp2_data_frames=0, verdict="empty")
    text = page(report(measures=Measures(captures=[nothing]), notes=[])).text
    assert "No L2TP, IKE or ESP was seen." in text
    assert "Nothing was found that is wrong." not in text


def test_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`l2tpscope report FILE -o X --lang ja` writes a Japanese page with the hash of the file, and exits with 0."""
    sample, made = SAMPLES / "healthy.pcap.gz", tmp_path / "report.html"
    monkeypatch.setattr("sys.argv", ["l2tpscope", "report", "-q", str(sample), "-o", str(made), "--lang", "ja"])
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 0
    outline = Outline(made.read_text(encoding="utf-8"))
    assert outline.open == []
    assert ("html", {"lang": "ja"}) in outline.tags
    assert "測定方法と限界" in outline.text
    assert hashlib.sha256(sample.read_bytes()).hexdigest() in outline.text


def test_hints_of_document_are_those_of_the_languages() -> None:
    """The languages offered are those that have words."""
    assert get_type_hints(document)["lang"].__args__ == LANGS
