"""l2tp: messages, result and error codes, AVPs, and the causes of disconnection that PPP gave, out of the tables of `wire/l2tp`."""

from __future__ import annotations

from l2tpscope.explain.advice import DISCONNECTS, MESSAGES, RESULTS
from l2tpscope.explain.entry import Entry, numbered
from l2tpscope.wire.l2tp.avps import AVPS
from l2tpscope.wire.l2tp.codes import MessageType
from l2tpscope.wire.l2tp.results import CDN, DISCONNECT_CAUSES, GENERAL, MSEN, REASONS, STOPCCN, TDM, Reason, explain_disconnect
from l2tpscope.wire.l2tp.rows import AvpRow
from l2tpscope.wire.l2tp.specs import SPECS, MessageSpec
from l2tpscope.wire.l2tp.vendor_avps import VENDORS

_SCOPES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    STOPCCN: ("stopccn/{}", "StopCCN result {}", ("stopccn", "message 4")),
    CDN: ("cdn/{}", "CDN result {}", ("cdn", "message 14")),
    MSEN: ("msen/{}", "MSEN result {}", ("msen", "message 27")),
    GENERAL: ("general {}", "General error {}, behind result 2", ("general", "l2tp")),
    TDM: ("cdn/30/{}", "TDM error {}, behind CDN result 30", ("tdm",)),
}
"""By scope: what to ask for, the title, what else is asked for."""
_DISCONNECT = ("disconnect", "cause", "disconnect cause", "ppp disconnect", "ppp disconnect cause")


def entries() -> list[Entry]:
    """Results and errors, causes of disconnection, messages, attributes."""
    return [*map(_result, REASONS), *_disconnects(), *_messages(), *map(_avp, AVPS.values())]


def _result(reason: Reason) -> Entry:
    term, title, asked = _SCOPES[reason.scope]
    advice = RESULTS.get((reason.scope, reason.code))
    bare = (f"{reason.code}",) if reason.scope in (STOPCCN, CDN, GENERAL) else ()
    return Entry(
        term.format(reason.code),
        f"{title.format(reason.code)}: {reason.name}",
        f"{reason.meaning[:1].upper()}{reason.meaning[1:]}.{_versions(reason.versions)}",
        (advice,) if advice else (),
        reason.source,
        numbered(asked, reason.code, names=(*bare, term.format(reason.code), reason.name)),
    )


def _disconnects() -> list[Entry]:
    return [
        _disconnect(code, direction) for direction in (0, 1, 2) for code in DISCONNECT_CAUSES if not direction or DISCONNECT_CAUSES[code][1]
    ]


def _disconnect(code: int, direction: int) -> Entry:
    meaning = explain_disconnect(code, direction)
    advice = DISCONNECTS.get(code)
    by_direction = tuple(f"Direction {side}: {DISCONNECT_CAUSES[code][side]}." for side in (1, 2) if DISCONNECT_CAUSES[code][side])
    asked = numbered(_DISCONNECT, code, direction) if direction else numbered(("", *_DISCONNECT), code)
    return Entry(
        f"disconnect {code} {direction}" if direction else f"disconnect {code}",
        f"PPP disconnect cause {code}{f', direction {direction}' if direction else ''} (AVP 46 of CDN)",
        f"{meaning[:1].upper()}{meaning[1:]}.",
        (*(() if direction else by_direction), *((advice,) if advice else ())),
        "RFC 3145 §3",
        asked,
    )


def _messages() -> list[Entry]:
    return [_message(message) for message in MessageType if message.number >= 0]


def _message(message: MessageType) -> Entry:
    specs = [spec for spec in SPECS if spec.type == message]
    number = (message.vendor, message.number) if message.vendor else (message.number,)
    shown = "/".join(map(str, number))
    names = (message.label, message.title) if message.vendor else (message.label, message.title, str(message.number))
    title = f"L2TP message {shown}: {message.title}" if message.vendor else f"L2TP message {shown}: {message.label}, {message.title}"
    return Entry(
        f"message {shown}" if message.vendor else message.label,
        title,
        MESSAGES.get(
            message.label, f"A message of {VENDORS[message.vendor]}'s." if message.vendor else "A control message of an extension."
        ),
        tuple(f"Must carry{_version(spec)}: {', '.join(AVPS[number].name for number in spec.required)}." for spec in specs),
        "; ".join(spec.source for spec in specs) or "Wireshark",
        numbered(("message", "message type", "l2tp message"), *number, names=names),
    )


def _version(spec: MessageSpec) -> str:
    return f" in v{spec.versions[0]}" if len(spec.versions) == 1 else ""


def _avp(row: AvpRow) -> Entry:
    vendor = VENDORS.get(row.vendor, f"vendor {row.vendor}")
    carried = [spec for spec in SPECS if not row.vendor and row.type in (*spec.required, *spec.optional)]
    messages = ", ".join(dict.fromkeys(spec.type.label for spec in carried))
    term = f"avp {row.vendor}/{row.type}" if row.vendor else f"avp {row.type}"
    attribute = (row.vendor, row.type) if row.vendor else (row.type,)
    asked = ("avp", "attribute", "avp type", "avp vendor")
    names = (f"{vendor} avp {row.type}", row.name) if row.vendor else (f"avp 0/{row.type}", row.name, str(row.type))
    hidden = "may be hidden" if row.may_hide else "is never hidden"
    return Entry(
        term,
        f"AVP {row.type} of {vendor}: {row.name}",
        f"Format: {row.format}; {hidden}{'; outputs mask it' if row.secret else ''}.{_versions(row.versions)}",
        (f"In: {messages}.",) if messages else (),
        row.source,
        numbered(asked, *attribute, names=names),
    )


def _versions(versions: tuple[int, ...]) -> str:
    return f" L2TPv{versions[0]} only." if len(versions) == 1 else ""
