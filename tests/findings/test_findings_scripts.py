"""Rules on exchanges put together frame by frame: what fires them, and what nearly does."""

from __future__ import annotations

import struct
import sys
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))

from ipsec_script import IpsecScript
from script import A, B, Script

import l2tpscope

PPP_IP = b"\xff\x03\x00\x21"


def found(script: Script, rule: str) -> list[str]:
    """What that rule says of the frames."""
    return [row.summary for row in script.report().rows("findings") if row.finding == rule]


def inner(source: bytes, destination: bytes, port: int, number: int) -> bytes:
    """A PPP frame with a UDP datagram to a port."""
    udp = struct.pack(">HHHH", 1701, port, 28, 0) + bytes(20)
    return PPP_IP + struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, source, destination) + udp


def tunnel_with(script: Script, frame: bytes) -> Script:
    """A tunnel, a session, and that frame in it from the client, ten times."""
    script.set_up(0.0)
    script.call(1.0)
    for number in range(10):
        script.udp(2.0 + number / 10, A, B, struct.pack(">HHH", 2, 9, 47) + frame)
    return script


def test_the_route_to_the_server_leads_into_the_tunnel() -> None:
    """L2TP to the server's outer address inside the session fires; a web page of the same server, or another server, does not."""
    assert found(tunnel_with(Script(), inner(b"\x0a\0\0\2", B, 1701, 1)), "L2S305") == [
        "inside the session 10 packets of the VPN itself go to the outer address of its server"
    ]
    assert found(tunnel_with(Script(), inner(b"\x0a\0\0\2", B, 443, 1)), "L2S305") == []
    assert found(tunnel_with(Script(), inner(b"\x0a\0\0\2", b"\x0a\0\0\1", 1701, 1)), "L2S305") == []


def asking(hosts: int, *, answering: int = 0) -> Script:
    """One address asks several for a tunnel; some answer."""
    script = Script()
    for host in range(hosts):
        server = bytes([203, 0, 113, 10 + host])
        script.control(host * 0.1, A, server, "SCCRQ", 0, 0, 0, assigned=100 + host)
        if host < answering:
            script.control(host * 0.1 + 0.05, server, A, "SCCRP", 100 + host, 0, 1, assigned=50)
            script.control(host * 0.1 + 0.06, A, server, "SCCCN", 50, 1, 1)
    return script


def test_a_scan_is_told_by_who_was_asked_in_vain() -> None:
    """Eight servers asked in vain by one address fire; seven, or a client with half of them up, do not."""
    assert found(asking(8), "L2S610") == ["198.51.100.10 asks 8 hosts for a VPN within 1 s, 8 of them in vain"]
    assert found(asking(7), "L2S610") == []
    assert found(asking(16, answering=8), "L2S610") == []


def hellos(count: int, per_second: int) -> Script:
    """A tunnel, and HELLOs of the client in it."""
    script = Script()
    script.set_up(0.0)
    for number in range(count):
        script.control(1.0 + number / per_second, A, B, "HELLO", 9, 2 + number, 1)
    return script


def test_a_flood_of_hellos_is_told_with_its_rate() -> None:
    """600 HELLOs at 50 a second fire, with their count; 400 of them, or 600 at 10 a second, do not."""
    (said,) = found(hellos(600, 50), "L2S611")
    assert said == (
        "the client sends 600 HELLO in 12 s, 50 a second; what others wait meanwhile is not measurable: no answers to others are here"
    )
    assert found(hellos(400, 50), "L2S611") == []
    assert found(hellos(600, 10), "L2S611") == []


def closed(data_s: float, *, both: bool = True) -> Script:
    """A tunnel with a session that carries data until so long after a StopCCN."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    for number in range(int(data_s * 4) + 8):
        script.data(2.0 + number / 4, A, B, 9, 47)
        if both:
            script.data(2.1 + number / 4, B, A, 5, 31)
    script.control(4.0, B, A, "StopCCN", 5, 2, 4, assigned=9, result=b"\0\1\0\0")
    script.records.sort(key=lambda record: record[0])
    return script


def test_a_close_that_nobody_believes_may_be_forged() -> None:
    """Data both ways 20 s after a StopCCN fire; data until 3 s after it, or one way alone, do not."""
    assert found(closed(20.0), "L2S612") == ["data go on in both directions after the server closed the tunnel"]
    assert found(closed(3.0), "L2S612") == []
    assert found(closed(20.0, both=False), "L2S612") == []


def test_names_in_clear_are_told_once() -> None:
    """The host name of a tunnel in clear is named, once for two between the same hosts; unanswered or without names nothing is said."""
    script = Script()
    script.set_up(0.0)
    script.set_up(1.0, a=6, b=10)
    assert found(script, "L2S613") == ['the set-up names "host" to everybody on the path']
    asked = Script()
    asked.control(0.0, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    assert found(asked, "L2S613") == []
    alone = Script()
    alone.data(0.0, A, B, 9, 3)
    assert found(alone, "L2S613") == []


def flooded(*, before: float, during: float, others: int = 8) -> Script:
    """200 SCCRQs in 4 s from as many addresses; another client's HELLOs are acknowledged after so long before it, and during it."""
    script = Script()
    script.set_up(0.0)
    for number in range(2 * others):
        late = number >= others
        at = (20.0 if late else 1.0) + (number % others) * 0.4
        script.control(at, A, B, "HELLO", 9, 2 + number, 1)
        script.control(at + (during if late else before), B, A, "ZLB", 5, 1, 3 + number)
    for number in range(200):
        source = bytes([100, 64, number // 100, number % 100 + 1])
        script.control(20.0 + number / 50, source, B, "SCCRQ", 0, 0, 0, assigned=1 + number)
    script.records.sort(key=lambda record: record[0])
    return script


def test_a_flood_tells_what_others_wait() -> None:
    """The median of acknowledgements to another client, 8 during the flood and 8 before it (the set-up's own is a ninth), as scripted."""
    (said,) = found(flooded(before=0.010, during=0.100), "L2S605")
    assert said.startswith("200 SCCRQs in 4.0 s")
    assert said.endswith("; answers to others meanwhile: ZLBs after 100 ms in the median (n = 8), else after 10 ms (n = 9)")
    (said,) = found(flooded(before=0.010, during=0.100, others=1), "L2S605")
    assert said.endswith("; what others wait meanwhile is not measurable: too few answers to others during it or outside of it (4 in all)")


def with_repeats(sequences: list[int], *, count: int = 1000) -> IpsecScript:
    """ESP of a client, a packet each 10 ms; then some numbers come again."""
    script = IpsecScript()
    script.main_mode(0.0)
    script.quick_mode(0.2, 77)
    script.traffic(1.0, (0xAA, 0xBB), count, every=0.01)
    for place, sequence in enumerate(sequences):
        script.esp(1.0 + count * 0.01 + place, True, 0xAA, sequence)
    script.records.sort(key=lambda record: record[0])
    return script


def test_numbers_of_esp_that_come_again_long_after() -> None:
    """Three numbers 900 behind the highest are replayed, however few; the last ones again may be copies, and are too few."""
    (said,) = found(with_repeats([100, 101, 102]), "L2S607")
    assert said == (
        "from the client to the server: beside 1000 packets there are 3 that repeat a sequence number:"
        " 3 of them 64 numbers and more behind, so late that no network copies them: replayed"
    )
    assert found(with_repeats([100, 101]), "L2S607") == []
    assert found(with_repeats([998, 999, 1000]), "L2S607") == []
    assert found(with_repeats([937, 938, 939]), "L2S607") == []
    assert len(found(with_repeats([934, 935, 936]), "L2S607")) == 1


def test_a_second_tap_is_no_replay() -> None:
    """Two captures of the same packets, one a second after the other, have all numbers twice and far behind: that is no sure replay."""
    here, there = with_repeats([]), with_repeats([])
    there.records = [(time + 1.0, octets) for time, octets in there.records]
    rows = l2tpscope.read([BytesIO(here.file()), BytesIO(there.file())]).rows("findings")
    said = [row.summary for row in rows if row.finding == "L2S607"]
    assert said
    assert all(one.endswith("replayed, or copied on the way") for one in said)


def test_what_passes_a_queue_and_both_its_interfaces_is_no_sure_replay() -> None:
    """A capture on every interface has each packet twice, a queue of a second between: 100 numbers behind, and yet nobody replayed it."""
    script = with_repeats([])
    script.records += [(time + 1.0, octets[:22] + b"\x3f" + octets[23:]) for time, octets in script.records if octets[23] == 50]
    script.records.sort(key=lambda record: record[0])
    said = found(script, "L2S607")
    assert said
    assert all(one.endswith("replayed, or copied on the way") for one in said)
