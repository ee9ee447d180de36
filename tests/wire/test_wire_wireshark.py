"""Wireshark's word on every control message of the public captures (its fields, stored beside them)."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plain_reader import CAPTURES, Control, read_controls

from l2tpscope.wire.l2tp import ControlMessage, decode_control

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")]

TRUTHS = sorted(path for path in (CAPTURES / "public_truth").glob("c*.tsv*") if path.name.count(".") - path.name.endswith(".gz") == 1)


NAMED_VENDORS = (9, 193, 3561, 4491)
"""Wireshark shows the types of their AVPs in fields of their own, those of all others with the IETF's."""


def of(attribute: int, show: Callable[[object], str]) -> Callable[[ControlMessage], str]:
    """All values of one attribute, as Wireshark would print them."""
    return lambda message: ",".join(show(avp.value) for avp in message.avps if avp.key == attribute and avp.value is not None)


def hexed(value: object) -> str:
    """Octets."""
    assert isinstance(value, bytes)
    return value.hex()


VALUES: dict[str, Callable[[ControlMessage], str]] = {
    "l2tp.avp.assigned_tunnel_id": of(9, str),
    "l2tp.avp.assigned_session_id": of(14, str),
    "l2tp.avp.assigned_control_conn_id": of(61, str),
    "l2tp.avp.local_session_id": of(63, str),
    "l2tp.avp.remote_session_id": of(64, str),
    "l2tp.result_code": of(1, lambda value: str(value.result)),
    "l2tp.avp.error_code": of(1, lambda value: str(value.error)),
    "l2tp.avp.host_name": of(7, str),
    "l2tp.avp.vendor_name": of(8, str),
    "l2tp.avp.firmware_revision": of(6, str),
    "l2tp.avp.receive_window_size": of(10, str),
    "l2tp.tie_breaker": of(5, lambda value: f"0x{value:016x}"),
    "l2tp.avp.chap_challenge": of(11, hexed),
    "l2tp.avp.chap_challenge_response": of(13, hexed),
    "l2tp.avp.call_serial_number": of(15, str),
    "l2tp.avp.connect_speed": of(24, str),
    "l2tp.avp.rx_connect_speed": of(38, str),
    "l2tp.avp.proxy_authen_type": of(29, str),
    "l2tp.avp.random_vector": of(36, hexed),
    "l2tp.avp.router_id": of(60, str),
    "l2tp.avp.pw_type": of(62, lambda value: ",".join(str(int(kind)) for kind in value)),
    "l2tp.avp.pseudowire_type": of(68, str),
    "l2tp.avp.assigned_cookie": of(65, hexed),
    "l2tp.avp.layer2_specific_sublayer": of(69, str),
    "l2tp.avp.data_sequencing": of(70, str),
    # Wireshark names the whole AVP by its active bit.
    "l2tp.avp.circuit_status": of(71, lambda value: str(value & 1)),
    "l2tp.avp.message_digest": of(59, lambda value: f"{value.type:02x}{value.digest.hex()}"),
    "l2tp.avp.nonce": of(73, hexed),
}


def read_truth(path: Path) -> Iterator[dict[str, str]]:
    """The rows of control messages that are traffic: not those an ICMP error quotes."""
    octets = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for row in csv.DictReader(io.StringIO(octets.decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["l2tp.type"] == "1" and "icmp" not in row["frame.protocols"]:
            yield row


def headers(message: ControlMessage) -> dict[str, str]:
    """Header fields, in Wireshark's clothes."""
    shown = {
        "l2tp.flags": f"0x{message.flags:04x}",
        "l2tp.version": str(message.version),
        "l2tp.length": str(message.length),
        "l2tp.Ns": str(message.ns) if message.ns >= 0 else "",
        "l2tp.Nr": str(message.nr) if message.nr >= 0 else "",
    }
    if message.version == 3:
        return {**shown, "l2tp.ccid": f"0x{message.tunnel:08x}"}
    return {**shown, "l2tp.tunnel": str(message.tunnel), "l2tp.session": str(message.session)}


def avps(message: ControlMessage) -> dict[str, str]:
    """The columns of AVP headers."""
    return {
        "l2tp.avp.message_type": str(message.type.number) if message.type is not None and message.type > 0 else "",
        "l2tp.avp.type": ",".join(str(avp.type) for avp in message.avps if avp.vendor not in NAMED_VENDORS),
        "l2tp.avp.vendor_id": ",".join(str(avp.vendor) for avp in message.avps),
        "l2tp.avp.length": ",".join(str(avp.octets) for avp in message.avps),
        "l2tp.avp.mandatory": ",".join(str(int(avp.mandatory)) for avp in message.avps),
        "l2tp.avp.hidden": ",".join(str(int(avp.hidden)) for avp in message.avps),
        "l2tp.avp.ciscotype": ",".join(str(avp.type) for avp in message.avps if avp.vendor == 9),
        "l2tp.avp.cablelabstype": ",".join(str(avp.type) for avp in message.avps if avp.vendor == 4491),
    }


def controls(path: Path) -> dict[int, Control]:
    """The same capture's control messages, read by hand."""
    (capture,) = (CAPTURES / "public").glob(path.name.split(".")[0] + "__*")
    return {control.frame: control for control in read_controls(capture, ports=())}


def differences(path: Path) -> Iterator[tuple[str, int, str, str, str]]:
    """(capture, frame, field, Wireshark's, ours)."""
    ours = controls(path)
    for row in read_truth(path):
        frame = int(row["frame.number"])
        control = ours[frame]
        message = decode_control(control.octets, control.on_wire)
        shown = {**headers(message), **avps(message), **{field: show(message) for field, show in VALUES.items()}}
        for field, value in shown.items():
            if row[field] != value:
                yield path.name.split(".")[0], frame, field, row[field], value


def test_every_field_equals_wiresharks() -> None:
    """Header, AVP headers and values of all control messages are Wireshark's, with no difference left to explain."""
    assert [found for path in TRUTHS for found in differences(path)] == []


def test_the_comparison_is_not_empty() -> None:
    """Captures of v2 and v3 with hundreds of control messages were compared."""
    counts = {path.name.split(".")[0]: sum(1 for _ in read_truth(path)) for path in TRUTHS}
    assert {capture: count for capture, count in counts.items() if count} == {
        "c001": 18,
        "c004": 16,
        "c005": 432,
        "c007": 18,
        "c030": 2,
        "c041": 4,
    }
