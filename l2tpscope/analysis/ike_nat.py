"""ike_nat: who is behind a NAT: each side tells hashes of the two addresses as it knows them, and the tap sees the outer ones.

A side is behind NAT where its own hash does not fit the address it is seen at: the NAT stands before the tap. So it is where its
own hash fits, but what the other side sees does not, and the address is a private one: the NAT stands beyond the tap. With a
public address that is left open, for some stacks send false hashes to have ESP carried in UDP (SoftEther does).

*Bias*: a stack that lies about its own address (`forceencaps`) looks as if it were behind NAT.
*Source*: RFC 3947 §3.2 (first the destination, then the sources) and §4, RFC 7296 §2.23.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import NamedTuple

from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.frames import Endpoint
from l2tpscope.frames.tables import IKE_PORT
from l2tpscope.wire.ike import NatD, Notify, nat_d

SOURCE_IP, DESTINATION_IP = 16388, 16389
PRIVATE = [
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10")
]


class Nat(NamedTuple):
    """Who is behind NAT; None: not to be told."""

    initiator: bool | None
    responder: bool | None
    why_not: str | None = None


class Told(NamedTuple):
    """What the hashes of one side fit."""

    own: bool
    """Its sender, as the tap sees it."""
    other: bool
    """Its receiver."""
    sender: bytes
    receiver: bytes


def behind_nat(story: IkeStory) -> Nat:
    """Both sides' positions as the NAT-D hashes of one IKE SA show them."""
    told: dict[bool, Told] = {}
    for said in story.said:
        if said.from_initiator not in told and (one := _told(said)) is not None:
            told[said.from_initiator] = one
    if not told:
        return Nat(None, None, "no NAT-D hashes in clear")
    found = {side: _position(told.get(side), told.get(not side)) for side in (True, False)}
    if len(told) == 1 and _stayed(story):
        found = {side: found[side] or False for side in found}
    why_not = None
    if None in found.values():
        why_not = (
            "only one side's hashes were seen" if len(told) == 1 else "hashes that fit no address: false ones, or a NAT beyond the tap"
        )
    return Nat(found[True], found[False], why_not)


def _position(own: Told | None, other: Told | None) -> bool | None:
    """Whether a side is behind NAT, from its hashes and from those of the other side."""
    if own is not None and not own.own:
        false = other is not None and not own.other and other.own and other.other
        return None if false else True
    if other is not None and not other.other:
        return True if _private(other.receiver) else None
    return False if own is not None and other is not None else None


def _private(address: bytes) -> bool:
    return any(ip_address(address) in network for network in PRIVATE)


def _stayed(story: IkeStory) -> bool:
    """Whether it went on at port 500 although a side sent hashes: then neither found a NAT (RFC 3947 §4; IKEv1 only)."""
    later = [said.frame for said in story.said if said.name in ("MM5", "AM3", "QM1")]
    return story.version == 1 and bool(later) and {later[0].sender.port, later[0].receiver.port} == {IKE_PORT}


def _told(said: Said) -> Told | None:
    """What the message's hashes fit; None: there are none in it."""
    message = said.frame.message
    hashes = [payload.digest for payload in message.payloads if isinstance(payload, NatD)]
    own, other = hashes[1:], hashes[:1]
    for payload in message.payloads:
        if isinstance(payload, Notify) and payload.type == SOURCE_IP:
            own.append(payload.data)
        elif isinstance(payload, Notify) and payload.type == DESTINATION_IP:
            other.append(payload.data)
    if not own or not other:
        return None
    sender, receiver = said.frame.sender, said.frame.receiver
    return Told(_fits(said, own, sender), _fits(said, other, receiver), sender.address, receiver.address)


def _fits(said: Said, hashes: list[bytes], endpoint: Endpoint) -> bool:
    message = said.frame.message
    return any(one == nat_d(len(one), message.initiator_spi, message.responder_spi, endpoint.address, endpoint.port or 0) for one in hashes)
