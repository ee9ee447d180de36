"""Reading: one packet while it is read; what was read stays, when the octets end too early."""

from __future__ import annotations

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.ppp.packet import Option, PppPacket, Value
from l2tpscope.wire.reader import Reader, Short, decode_text

LONGEST_TEXT = 256
"""Characters of a text that are kept; hostile ones are as long as a frame."""


class Reading:
    """A packet's fields as they are found."""

    __slots__ = (
        "anomalies",
        "code",
        "code_name",
        "cut",
        "identifier",
        "length",
        "magic",
        "options",
        "peer",
        "protocol",
        "reader",
        "rejected",
        "secret",
        "text",
        "values",
    )

    def __init__(self, protocol: int, reader: Reader, anomalies: list[Anomaly]) -> None:
        self.protocol = protocol
        self.reader = reader
        self.anomalies = anomalies
        self.cut = False
        """Whether the capture cut the packet: then what is missing says nothing of the peer."""
        self.code = self.identifier = -1
        self.length = 0
        self.code_name = ""
        self.options: list[Option] = []
        self.values: list[Value] = []
        self.magic: int | None = None
        self.rejected: int | None = None
        self.text: str | None = None
        self.peer: str | None = None
        self.secret: bytes | None = None

    def rest(self) -> bytes:
        """All that is left of the packet; `Short` where it was cut, for half a name is a wrong name."""
        if self.cut:
            raise Short(self.reader.at, self.reader.left + 1, self.reader.left)
        return self.reader.rest()

    def rest_text(self) -> str:
        """All that is left of the packet, as text of bounded length."""
        return clipped(self.rest())

    def add(self, name: str, value: int | str, meaning: str = "") -> None:
        """One more named field."""
        self.values.append(Value(name, value, meaning))

    def fault(self, kind: AnomalyKind, what: str, at: int) -> None:
        """One more oddity."""
        self.anomalies.append(Anomaly(kind, what, at))

    def packet(self) -> PppPacket:
        """What was read."""
        return PppPacket(
            self.code,
            self.code_name,
            self.identifier,
            self.length,
            tuple(self.options),
            self.magic,
            self.text,
            self.peer,
            self.rejected,
            tuple(self.values),
            self.secret,
        )


def clipped(octets: bytes) -> str:
    """Text, at most `LONGEST_TEXT` characters of it."""
    return decode_text(octets)[:LONGEST_TEXT]


def readable(octets: bytes) -> str | None:
    """Text, if it is one that can be shown."""
    text = clipped(octets)
    return text if text and all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None
