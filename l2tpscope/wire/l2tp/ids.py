"""Ids that control messages give out and name: of the sender itself, and of its peer, whichever version the message is of.

v2 names the session in its header and what it gives out in AVPs 9 and 14; v3 names both ends of a session in AVPs, since its
header has the Control Connection ID alone (RFC 2661 §4.4.3, §4.4.4; RFC 3931 §5.4.3, §5.4.4). Cisco's messages from before
RFC 3931 have the same under vendor 9.
"""

from __future__ import annotations

from l2tpscope.wire.l2tp.control import ControlMessage

CISCO = 9
ASSIGNED_TUNNEL_ID, ASSIGNED_SESSION_ID = 9, 14
ASSIGNED_CONNECTION, LOCAL_SESSION, REMOTE_SESSION = ((0, 61), (CISCO, 1)), ((0, 63), (CISCO, 3)), ((0, 64), (CISCO, 4))
COOKIE, PSEUDOWIRE = ((0, 65), (CISCO, 5)), ((0, 68), (CISCO, 7))


def assigned_connection(message: ControlMessage | None, version: int | None = None) -> int | None:
    """The id under which the sender wants to receive control messages of *version* (its own, if None): a SCCRQ that offers both
    versions has both (RFC 3931 §4.7.3)."""
    if message is None:
        return None
    if (version or message.version) == 3:
        return _number(message, ASSIGNED_CONNECTION)
    return _number(message, ((0, ASSIGNED_TUNNEL_ID),))


def assigned_session(message: ControlMessage | None) -> int | None:
    """The id under which the sender wants to receive what belongs to the session; None: none, or 0."""
    if message is None:
        return None
    return _number(message, LOCAL_SESSION if message.version == 3 else ((0, ASSIGNED_SESSION_ID),)) or None


def named_session(message: ControlMessage | None) -> int:
    """The id that the receiver had given out for the session, 0 where there is none."""
    if message is None:
        return 0
    return (_number(message, REMOTE_SESSION) or 0) if message.version == 3 else max(0, message.session)


def of_session(message: ControlMessage | None, either: tuple[tuple[int, int], ...]) -> object:
    """The value of an AVP that has a number of the IETF and one of Cisco, or None."""
    for vendor, attribute in either if message is not None else ():
        value: object = message.get(attribute, vendor) if message is not None else None
        if value is not None:
            return value
    return None


def _number(message: ControlMessage, either: tuple[tuple[int, int], ...]) -> int | None:
    value = of_session(message, either)
    return value if isinstance(value, int) else None
