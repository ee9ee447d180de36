"""Display filters of Wireshark for what a finding is about, to paste into it as they are."""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import EspSaRow, IkeSaRow, TunnelRow
from l2tpscope.core.endpoints import split


def address(endpoint: str) -> str:
    """An endpoint without its port."""
    return split(endpoint)[0]


def between(one: str, other: str) -> str:
    """Everything between two hosts, ICMP errors about it included."""
    return f"{_host(one)} && {_host(other)}"


def _host(endpoint: str) -> str:
    host = address(endpoint)
    return f"{'ipv6' if ':' in host else 'ip'}.addr == {host}"


def tunnel(row: TunnelRow) -> str:
    """What its two endpoints sent each other, whatever Wireshark takes it for."""
    host, port = split(row.responder)
    icmp = "icmpv6" if ":" in host else "icmp"
    return between(row.initiator, row.responder) + (f" && (udp.port == {port} || {icmp})" if port else "")


def ike_sa(row: IkeSaRow) -> str:
    """Its messages, also those of before the responder had chosen its SPI."""
    return f"isakmp.ispi == {row.initiator_spi}"


def esp(rows: Iterable[EspSaRow]) -> str:
    """The packets of these SAs."""
    spis = list(dict.fromkeys(row.spi for row in rows))
    return f"esp.spi == {spis[0]}" if len(spis) == 1 else f"esp.spi in {{{', '.join(spis)}}}"


def either(*several: str) -> str:
    """What any of these lets through."""
    return " || ".join(f"({one})" for one in several)
