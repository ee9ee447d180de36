"""How far a connection got, in words: the step that was reached, the one that did not follow, and who owed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from l2tpscope.analysis.rows import IkeSaRow, InferenceRow, Stage, VpnRow
from l2tpscope.core.codes import OpenEnum
from l2tpscope.output.blocks import Tone
from l2tpscope.output.words import cut

STAGES: tuple[Stage, ...] = get_args(Stage)
WORDS: dict[Stage, str] = {
    "ike-request": "IKE request",
    "ike-reply": "IKE reply",
    "ike-keys": "IKE keys",
    "ike-authentication": "IKE authentication",
    "ike-sa": "IKE SA",
    "child-request": "child SA request",
    "child-sa": "child SA",
    "esp": "ESP",
    "l2tp-request": "SCCRQ",
    "l2tp-tunnel": "L2TP tunnel",
    "l2tp-session": "L2TP session",
    "traffic": "traffic",
}
OF_IKE = STAGES[: STAGES.index("child-request") + 1]
"""Stages that end with a message of IKE."""
UNUSED: dict[Stage, str] = {
    "ike-sa": "no child SA asked for",
    "child-request": "no child SA made",
    "child-sa": "no ESP seen",
    "l2tp-request": "no tunnel came up",
    "l2tp-tunnel": "no session came up",
}
"""Stages at which what is up is of no use, and what is missing."""

Side = Literal["client", "server"]
REDIRECT = "responder: REDIRECT"
"""RFC 5685 §3: the client is to go to another gateway, and owes this one nothing."""
NEXT: dict[str, tuple[str, Side]] = {
    "MM1": ("MM2", "server"),
    "MM2": ("MM3", "client"),
    "MM3": ("MM4", "server"),
    "MM4": ("MM5", "client"),
    "MM5": ("MM6", "server"),
    "AM1": ("AM2", "server"),
    "AM2": ("AM3", "client"),
    "QM1": ("QM2", "server"),
    "QM2": ("QM3", "client"),
    "IKE_SA_INIT request": ("response", "server"),
    "IKE_SA_INIT response": ("IKE_AUTH request", "client"),
    "IKE_AUTH request": ("response", "server"),
}
"""What follows a step of the set-up, and who sends it: the client is who began."""
FIRST_STATUS = 16384
"""Types of notify below are errors (RFC 2408 §3.14.1, RFC 7296 §3.10.1)."""
NO_ERROR = ("MS_NOTIFY_STATUS", "CONNECTED")
"""Numbered among the errors by their vendor, or between them and the others."""

Severity = Literal["lost", "stopped", "stuck", "open", "partial", "up", "closed"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Worst first."""
SEVERITY: dict[str, Severity] = {
    **dict.fromkeys(("refused", "failed", "unanswered"), "stopped"),
    "lost": "lost",
    "opening": "open",
    "partial": "partial",
    "up": "up",
    "closed": "closed",
}
TONE: dict[Severity, Tone] = {
    "lost": "bad",
    "stopped": "bad",
    "stuck": "warn",
    "open": "warn",
    "partial": "warn",
    "up": "good",
    "closed": "",
}
LONGEST = 60
"""Columns of what an inference says inside a sentence."""


class Fate(NamedTuple):
    """What became of a connection, in a sentence that others may share."""

    severity: Severity
    text: str


def reached(row: VpnRow) -> str:
    """The furthest stage, with its grade where it was concluded from ciphertext: `traffic (likely)`."""
    return WORDS[row.stage] + ("" if row.stage_grade == "certain" else f" ({row.stage_grade})")


def fate(row: VpnRow, ike: IkeSaRow | None, concluded: InferenceRow | None) -> Fate:
    """How far it got and what became of it. *ike*: its last IKE SA; *concluded*: the inference that its stage rests on."""
    severity = SEVERITY[row.outcome]
    by = f" by the {row.closed_by}" if row.closed_by else ""
    if severity in ("up", "closed") and row.stage in UNUSED:
        return Fate("stuck", f"{row.outcome}{by}, but got no further than {_with(row, ike, concluded)}")
    text = {
        "lost": f"lost after reaching {reached(row)}",
        "stopped": f"stopped at {_with(row, ike, concluded)}",
        "open": f"still at {_with(row, ike, concluded)} when the capture ends",
        "partial": f"seen in part, reached {reached(row)}",
        "up": f"up, reached {reached(row)}",
        "closed": f"closed{by}, reached {reached(row)}",
    }
    return Fate(severity, text[severity])


def _with(row: VpnRow, ike: IkeSaRow | None, concluded: InferenceRow | None) -> str:
    """The stage, its grade, what was said last, and what did not follow: `IKE authentication (MM5 sent, no MM6 from the server)`."""
    grade = [] if row.stage_grade == "certain" else [row.stage_grade]
    missing = _missing(row, ike, concluded)
    aside = ": ".join([*grade, missing] if missing else grade)
    return WORDS[row.stage] + (f" ({aside})" if aside else "")


def _missing(row: VpnRow, ike: IkeSaRow | None, concluded: InferenceRow | None) -> str:
    """What was said last, and what did not follow: `MM5 sent, no MM6 from the server`."""
    if row.stage in OF_IKE and ike is not None and ike.furthest in NEXT and (ike.established is None or row.stage == "child-request"):
        return _step(row, ike, ike.furthest)
    if row.stage_grade != "certain" and concluded is not None:
        return cut(value(concluded), LONGEST)
    return UNUSED.get(row.stage, "")


def _step(row: VpnRow, ike: IkeSaRow, step: str) -> str:
    if row.outcome == "refused":
        who = {"initiator": "the client", "responder": "the server"}.get(ike.closed_by or "", "one side")
        why = ", ".join(notify.partition(": ")[2] for notify in errors(ike, ike.closed_by or ""))
        return f"{who} said no after {step}: {cut(why, LONGEST)}" if why else f"{who} said no after {step}, in an encrypted message"
    elsewhere = [said.partition(": ")[2] for said in ike.notifies if said.partition(" (")[0] == REDIRECT]
    if elsewhere:
        return f"the server sends the client elsewhere: {cut(elsewhere[-1], LONGEST)}"
    following, side = NEXT[step]
    return f"{step} sent, no {following} from the {side}"


def errors(row: IkeSaRow, side: str = "") -> list[str]:
    """The notifies in clear that say that something failed (`responder: NO_PROPOSAL_CHOSEN`), of one side or of both."""
    return [notify for notify in row.notifies if notify.startswith(side) and _is_error(notify.partition(": ")[2], row.version)]


def _is_error(name: str, version: int) -> bool:
    """By its number, that of a type without a name being in it; what is neither is told, for there is no knowing."""
    from l2tpscope.wire.ike.names import NotifyV1, NotifyV2  # noqa: PLC0415 - not loaded for a capture without IKE

    name = name.partition(" (")[0]
    number = name.removeprefix("UNKNOWN_")
    kinds: type[OpenEnum] = NotifyV1 if version == 1 else NotifyV2
    value = int(number) if number.isdecimal() else kinds.__members__.get(name, 0)
    return value < FIRST_STATUS and name not in NO_ERROR


def value(row: InferenceRow) -> str:
    """What is concluded, without the stage's name before it, which is told beside."""
    stage, colon, rest = row.value.partition(": ")
    return rest if colon and stage in STAGES else row.value


def stage_inferences(inferences: Sequence[InferenceRow]) -> Mapping[int, InferenceRow]:
    """By vpn, the inference about its stage; the last where there are several."""
    return {row.vpn: row for row in inferences if row.inference == "stage" and row.vpn is not None}
