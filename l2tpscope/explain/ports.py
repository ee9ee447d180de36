"""ports: the ports and IP protocols that a VPN client needs, and what it means when one is missing."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.explain.entry import Entry, keys


class Door(NamedTuple):
    """One port or IP protocol."""

    what: str
    name: str
    meaning: str
    look_for: str
    source: str
    asked: tuple[str, ...]


DOORS: tuple[Door, ...] = (
    Door(
        "UDP port 1701",
        "L2TP",
        "Tunnels of L2TP, versions 2 and 3, and L2F. With IPsec it is inside ESP and not to be seen.",
        "In clear after IKE succeeded: the client's policy does not match. The answer may come from another port (RFC 2661 §8.1).",
        "RFC 2661 §8.1",
        ("port 1701", "l2tp port", "l2tp port 1701", "udp 1701", "udp port 1701", "1701"),
    ),
    Door(
        "UDP port 500",
        "IKE",
        "The first messages of IKE; behind NAT it moves on to 4500.",
        "The first message repeated and unanswered: blocked, a wrong address, or no daemon.",
        "RFC 7296 §2, RFC 2408",
        ("port 500", "ike port", "ike port 500", "udp 500", "udp port 500"),
    ),
    Door(
        "UDP port 4500",
        "IKE and ESP behind NAT",
        "IKE behind a marker of four zero octets, ESP in UDP, keepalives of one octet FF.",
        "MM5 repeated on it and nothing back: 4500 is blocked while 500 is open.",
        "RFC 3948, RFC 3947",
        ("port 4500", "nat t port", "udp 4500", "udp port 4500", "4500"),
    ),
    Door(
        "TCP port 1723",
        "PPTP control",
        "PPTP's control connection; its data are GRE (IP protocol 47).",
        "It connects and GRE is missing: Windows shows 806.",
        "RFC 2637",
        ("port 1723", "pptp port", "tcp 1723", "tcp port 1723", "1723"),
    ),
    Door(
        "IP protocol 50",
        "ESP",
        "Encrypted data where no NAT was found.",
        "Seen in one direction only: a firewall or router drops it; force UDP encapsulation.",
        "RFC 4303",
        ("protocol 50", "ip protocol 50", "ip proto 50", "esp protocol"),
    ),
    Door(
        "IP protocol 115",
        "L2TPv3 over IP",
        "L2TPv3 without UDP: Session ID 0 is control, any other is data.",
        "No ports, so NAT seldom passes it.",
        "RFC 3931 §4.1.1",
        ("protocol 115", "ip protocol 115", "ip proto 115"),
    ),
    Door(
        "IP protocol 47",
        "GRE",
        "The data of PPTP.",
        "Missing while TCP 1723 connects: Windows shows 806.",
        "RFC 2637",
        ("protocol 47", "ip protocol 47", "ip proto 47", "gre"),
    ),
)


def entries() -> list[Entry]:
    """All of them."""
    return [
        Entry(door.asked[0], f"{door.what}: {door.name}", door.meaning, (door.look_for,), door.source, keys(*door.asked)) for door in DOORS
    ]
