"""Questions and what they mean, by the words of the RFCs; how answers are shown; what is told where nothing is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from l2tpscope import cli
from l2tpscope.explain import Answer, ask, document, findings, nothing, text
from l2tpscope.explain.causes import CAUSES
from l2tpscope.explain.search import catalogue
from l2tpscope.explain.show import TERM, WIDTH
from l2tpscope.explain.windows_errors import ERRORS
from l2tpscope.explain.windows_names import OTHER_ERRORS
from l2tpscope.wire.ppp.meanings import RAS_ERRORS

RULE = '''"""L2S999 something is wrong.

What is seen: a thing
over two lines.
Why it matters: users notice.
What else could cause it: nothing; or something.
What to do: mend it.
Source: RFC 9999
"""

RULE = 1
'''


def titles(question: str) -> list[str]:
    """The titles of what a question means exactly."""
    answer = ask(question)
    assert answer.how == "exact", question
    return [entry.title for entry in answer.entries]


def told(question: str) -> str:
    """All that is said of it, on one line in lower case."""
    return " ".join(text(ask(question)).lower().split())


@pytest.mark.parametrize(
    ("question", "words"),
    {
        # RFC 2661 §4.4.2
        "stopccn/4": "not authorized",
        "StopCCN result 7": "finite state machine error",
        "cdn/10": "not established within the lac's time",
        "cdn/2/8": "unknown avp with the m bit",
        "CDN result 2 error 6": "vendor-specific",
        "general error 7": "try another",
        "stopccn/5/256": "highest version supported 1.0",
        "stopccn 5 0x0100": "highest version supported 1.0",
        # RFC 5611 §4: beside CDN 30 the error is one of TDM
        "cdn/30/1": "bit rates differ",
        # RFC 2661 §4.4.3, and Cisco's own numbers
        "avp 9": "assigned tunnel id",
        "avp 9/1": "assigned connection id",
        "AVP 0x3d": "assigned control connection id",
        # RFC 3145 §3
        "disconnect 3": "lcp terminate-request",
        "disconnect cause 16 1": "the ppp peer failed",
        # RFC 2408 §3.14.1 and RFC 7296 §3.10.1
        "N(14)": "no-proposal-chosen",
        "ikev2 notify 38": "ts_unacceptable",
        "n24577": "replay-status",
        # RFC 2759 §6
        "E=691": "wrong user or password",
        "mschap 648": "password expired",
        # RFC 1661 §5 and §6.1
        "lcp 1": "configure-request",
        "lcp option 1": "mru",
        "SCCRQ": "start-control-connection-request",
        "Start-Control-Connection-Reply": "sccrp",
        "eap type 13": "tls",
        "0xc223": "chap",
        "L2TP port 1701": "udp port 1701",
    }.items(),
)
def test_what_the_rfcs_say(question: str, words: str) -> None:
    """A question, in one of the forms that people write, meets the words of the RFC."""
    assert words in told(question)


def test_a_notify_is_told_for_both_versions() -> None:
    """N14 is an error of IKEv1 and of IKEv2: both are told, and nothing else."""
    assert titles("N14") == ["IKEv1 notify 14: NO-PROPOSAL-CHOSEN", "IKEv2 notify 14: NO_PROPOSAL_CHOSEN"]


@pytest.mark.parametrize(
    ("number", "first", "others"),
    [
        ("14", "IKEv1 notify 14", ("IKEv2 notify 14", "CDN result 14", "PPP disconnect cause 14", "L2TP message 14", "AVP 14")),
        ("4", "StopCCN result 4", ("CDN result 4", "General error 4", "IKEv1 notify 4", "IKEv2 notify 4", "LCP code 4")),
        ("809", "Windows error 809", ()),
        ("691", "Windows error 691", ("MS-CHAP error E=691",)),
        ("16388", "IKEv2 notify 16388", ()),
    ],
)
def test_a_bare_number(number: str, first: str, others: tuple[str, ...]) -> None:
    """A bare number lists every protocol that has it, and what failures show comes first."""
    found = titles(number)
    assert found[0].startswith(first)
    for other in others:
        assert any(title.startswith(other) for title in found[1:])


def test_809_is_several_failures() -> None:
    """809 is shown both when nothing answers and when the SA is up and unused: the wire tells which."""
    words = told("809")
    for slug in ("ike-unanswered", "4500-blocked", "nat-unused-sa"):
        assert slug in words
        assert "809" in told(slug)


def test_a_search_by_words() -> None:
    """`psk` is no name: the best matches come, the failure first, and the errors that tell of the key among them."""
    answer = ask("psk")
    assert answer.how == "words"
    assert answer.entries[0].term == "wrong-psk"
    assert {"windows 811", "windows 789", "ikev1 23"} <= {entry.term for entry in answer.entries}


@pytest.mark.parametrize(
    "question", ["", " ", "?!", "flurbl", "cdn/4711", "windws 809", "avp 4711/1", "9" * 5000, "N" * 5000, "\x1b[2J", "²"]
)
def test_nothing_is_known(question: str) -> None:
    """What nobody named has no entry: the line says what can be asked."""
    answer = ask(question)
    assert answer.entries == ()
    assert "Ask for: 809" in nothing(question, answer)


def test_a_number_is_never_guessed() -> None:
    """Words lead to other names; a number that is asked for is in whatever is found."""
    for question in ("windows timeout 809", "stopccn result authorized 4", "certificate 22"):
        assert ask(question).how == "words"
        for entry in ask(question).entries:
            assert question.split()[-1] in f"{entry.title} {entry.meaning} {entry.look_for}"


def test_a_mistyped_name() -> None:
    """A name with a slip meets the one that is near."""
    assert "no proposal chosen" in nothing("no-propsal-chosen", ask("nopropsalchosn"))


@pytest.mark.parametrize(
    ("question", "words"),
    {"disconnect 70000": "", "N9000": "of a vendor's own", "disconnect 65300": "private", "message 5": "never valid"}.items(),
)
def test_numbers_without_a_name(question: str, words: str) -> None:
    """Of a number that is reserved or private it is said so; of one that cannot be, nothing."""
    answer = ask(question)
    assert bool(answer.entries) == bool(words)
    assert words in text(answer).lower()


def test_every_term_asks_for_its_entry() -> None:
    """What the first column of a list names is an exact question for that entry, and fits the column."""
    for entry in catalogue():
        answer = ask(entry.term)
        assert entry in answer.entries, entry.term
        assert answer.how == "exact"
        assert len(entry.term) <= TERM


def test_every_text_fits_the_page() -> None:
    """No line of any answer is wider than 100 columns."""
    for entry in catalogue():
        assert max(map(len, text(Answer((entry,), "exact")).splitlines())) <= WIDTH
    for question in ("psk", "14", "1", "certificate"):
        assert max(map(len, text(ask(question)).splitlines())) <= WIDTH


def test_windows_errors_are_told_once() -> None:
    """A meaning that PPP knows stands in the table of PPP alone; no error is in two lists; causes name errors that are told."""
    told = {error.number for error in ERRORS}
    for error in ERRORS:
        assert bool(error.meaning) != (error.number in RAS_ERRORS), error.number
    assert not told & OTHER_ERRORS.keys()
    assert {number for cause in CAUSES for number in cause.windows} <= told


def test_a_finding_is_told_by_its_docstring(tmp_path: Path) -> None:
    """A rule's docstring gives all its headings; a file that is no rule, or has none, gives nothing."""
    (tmp_path / "l2s999_something.py").write_text(RULE)
    (tmp_path / "l2s998_silent.py").write_text("RULE = 1\n")
    (tmp_path / "filters.py").write_text('"""L2S997 is no rule.\n\nWhat is seen: x\n"""\n')
    (entry,) = findings.entries(tmp_path)
    assert (entry.term, entry.title) == ("L2S999", "Finding L2S999: something is wrong")
    assert entry.meaning == "A thing over two lines."
    assert entry.look_for == ("Why it matters: users notice.", "What else could cause it: nothing; or something.", "What to do: mend it.")
    assert entry.source == "RFC 9999"
    assert {"l2s999", "something", "something wrong"} <= set(entry.keys)


def test_every_rule_is_told() -> None:
    """Each rule that there is can be asked for by its id, with what is seen and what to do."""
    rules = sorted(findings.RULES.glob("l2s*.py"))
    for path in rules:
        (entry,) = ask(path.name.partition("_")[0].upper()).entries
        assert entry.meaning
        assert any(line.startswith("What to do: ") for line in entry.look_for)
    assert len(findings.entries()) == len(rules)


def test_no_such_finding() -> None:
    """An id that no rule has is told to have none, and not searched for by words."""
    answer = ask("L2S000")
    assert answer.entries == ()
    assert nothing("l2s000", answer).startswith("no finding L2S000: th")


def test_json() -> None:
    """The JSON document has the question, how it was met, and every entry whole."""
    read = json.loads(document("avp 9", ask("avp 9")))
    assert (read["asked"], read["how"]) == ("avp 9", "exact")
    (entry,) = read["entries"]
    assert entry["title"] == "AVP 9 of IETF: Assigned Tunnel ID"
    assert entry["source"] == "RFC 2661 §4.4.3"
    assert entry["look_for"] == ["In: SCCRQ, SCCRP, StopCCN."]


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_command(form: str) -> None:
    """Several words are one question; the answer is on standard output."""
    result = CliRunner().invoke(cli.l2tpscope, ["explain", "--format", form, "avp", "9"])
    assert result.exit_code == 0
    assert "Assigned Tunnel ID" in result.stdout
    assert result.stderr == ""


def test_the_command_knows_nothing_of_it() -> None:
    """An unknown term is one line on standard error, without effect on the terminal, and exit code 2."""
    result = CliRunner().invoke(cli.l2tpscope, ["explain", "\x1b[2Jflurbl\nflurbl"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("l2tpscope: nothing is known of ")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr


def test_explaining_is_quick() -> None:
    """`explain` imports neither numpy nor click's heavier company; `--help` does not import it."""
    code = "import sys; from l2tpscope.cli import run\ntry: run()\nexcept SystemExit: pass\n"
    code += "print([name for name in ('numpy', 'pandas', 'rich', 'dpkt', 'l2tpscope.explain', 'l2tpscope.output') if name in sys.modules])"
    for arguments, imported in ((["explain", "809"], "['l2tpscope.explain']"), (["--help"], "[]")):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == imported
