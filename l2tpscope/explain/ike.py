"""ike: the types of Notify, out of the tables of `wire/ike`."""

from __future__ import annotations

from l2tpscope.core.codes import OpenEnum
from l2tpscope.explain.advice import NOTIFIES_V1, NOTIFIES_V2
from l2tpscope.explain.entry import Entry, numbered
from l2tpscope.wire.ike.names import FIRST_STATUS, NotifyV1, NotifyV2

_ASKED = ("", "n", "notify", "ike", "ike n", "ike notify")
_PRIVATE_ERROR = 8192
_VERSIONS: dict[int, tuple[type[OpenEnum], dict[int, tuple[str, str]], str]] = {
    1: (NotifyV1, NOTIFIES_V1, "RFC 2408 §3.14.1, RFC 2407 §4.6.3, RFC 3706"),
    2: (NotifyV2, NOTIFIES_V2, "RFC 7296 §3.10.1 and the IKEv2 registry"),
}


def entries() -> list[Entry]:
    """Those of IKEv1, then those of IKEv2; L2TP/IPsec is mostly the first."""
    return [_notify(version, member) for version, (names, _, _) in _VERSIONS.items() for member in names]


def _notify(version: int, member: OpenEnum) -> Entry:
    _, advice, source = _VERSIONS[version]
    number = int(member)
    name = member.name if version == 2 or number == NotifyV1.MS_NOTIFY_STATUS else member.name.replace("_", "-")
    meaning, look_for = advice.get(number, ("", ""))
    own = (f"ikev{version}", f"ikev{version} n", f"ikev{version} notify", f"ike v{version}", f"n v{version}")
    return Entry(
        f"ikev{version} {number}",
        f"IKEv{version} notify {number}: {name}",
        f"{_kind(number)}{f': {meaning}' if meaning else ''}.",
        (look_for,) if look_for else (),
        source,
        numbered((*_ASKED, *own), number, names=(name, f"n {name}", f"notify {name}", f"ikev{version} {name}")),
    )


def _kind(number: int) -> str:
    if number < FIRST_STATUS:
        return "An error" if number < _PRIVATE_ERROR else "An error of a vendor's"
    return "A status, no error"
