"""Every shared capture anonymised, in every output there is, and the octets searched for what Wireshark finds in the original.

Run by hand: `python tests/truth/leaks.py [PATTERN...]`; a small choice of it is in tests/packets/test_packets_leaks.py.
What is searched for is tshark's word (addresses also inside tunnels and ICMP errors, MACs, names, SPIs, cookies, secrets, hashes, what
certificates say), as text, as digits, in UTF-16, and in binary files as octets. What may occur by chance is left out: what is also the
replacement of something else, and what is too short to tell.
"""

from __future__ import annotations

import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from l2tpscope.analysis.rows import ROWS
from l2tpscope.anonymous import read_key
from l2tpscope.anonymous.addresses import UNTOUCHED, Addresses
from l2tpscope.anonymous.words import scrub
from l2tpscope.api import read, watch
from l2tpscope.frames import Frames
from l2tpscope.output import OF_FINDINGS, Page, pieces
from l2tpscope.output.plots import KINDS
from l2tpscope.output.web import document
from l2tpscope.packets.choice import choice
from l2tpscope.packets.extract import anonymised
from l2tpscope.packets.glance import Glance
from l2tpscope.packets.show import shown
from l2tpscope.report import Report, columns

CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures"

ADDRESSES = ("ip.addr", "ipv6.addr", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "ipcp.opt.ip_address", "ipcp.opt.pri_dns_address")
ADDRESSES += ("ipcp.opt.sec_dns_address", "ipcp.opt.pri_nbns_address", "ipcp.opt.sec_nbns_address", "l2tp.avp.router_id")
ADDRESSES += ("isakmp.id.data.ipv4_addr", "isakmp.id.data.ipv4_subnet", "isakmp.id.data.ipv6_addr", "icmp.redir_gw")
ADDRESSES += ("isakmp.notify.data.redirect.new_resp_gw_ident.ipv4", "lcp.opt.ip_address")
NUMBERS = ("isakmp.ispi", "isakmp.rspi", "isakmp.spi", "isakmp.delete.spi", "esp.spi", "ah.spi")
OCTETS = ("eth.addr", "arp.src.hw_mac", "arp.dst.hw_mac", "l2tp.cookie", "l2tp.avp.assigned_cookie", "l2tp.cisco.assigned_cookie")
OCTETS += ("l2tp.avp.chap_challenge", "l2tp.avp.chap_challenge_response", "l2tp.avp.random_vector", "l2tp.avp.nonce")
OCTETS += (
    "l2tp.avp.message_digest",
    "l2tp.cisco.message_digest",
    "l2tp.cisco.nonce",
    "l2tp.tie_breaker",
    "l2tp.avp.proxy_authen_challenge",
)
OCTETS += ("l2tp.avp.proxy_authen_response", "chap.value", "eap.md5.value", "isakmp.key_exchange.data", "isakmp.nonce", "isakmp.hash")
OCTETS += ("isakmp.sig", "isakmp.id.data.key_id", "isakmp.id.data.der_asn1_dn", "isakmp.cert.data", "isakmp.notify.data.dpd.are_you_there")
OCTETS += ("lcp.opt.802_1_address", "ipv6cp.interface_identifier", "isakmp.auth.data", "isakmp.id.data", "l2tp.vendor_specific_avp_data")
OCTETS += ("isakmp.enc.data", "esp.encrypted_data")
NAMES = ("l2tp.avp.host_name", "l2tp.avp.calling_number", "l2tp.avp.called_number", "l2tp.avp.sub_address", "l2tp.avp.proxy_authen_name")
NAMES += ("l2tp.avp.private_group_id", "l2tp.avp.remote_end_id", "l2tp.cisco.remote_end_id", "l2tp.broadband.agent_circuit_id")
NAMES += ("l2tp.broadband.agent_remote_id", "pap.peer_id", "pap.password", "chap.name", "eap.identity", "isakmp.id.data.fqdn")
NAMES += ("isakmp.id.data.user_fqdn", "x509sat.uTF8String", "x509sat.printableString", "x509sat.teletexString", "x509sat.bmpString")
NAMES += ("x509sat.CountryName", "dns.qry.name", "http.host", "frame.comment", "l2tp.avp.error_message", "pppoed.tags.ac_name")
FIELDS = (*ADDRESSES, *NUMBERS, *OCTETS, *NAMES)
SHORTEST_NAME, SHORTEST_OCTETS = 4, 4
MOST = 2000
"""Of what each packet has anew, such as ciphertext."""
HARMLESS = {"Goodbye!", "Server closing", "anonymous", "user", "server", "test", "client"}
"""Words that stay, or that are ours."""


def originals(path: Path) -> dict[str, set[str]]:
    """By field, what tshark finds."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x1f"]
    ports = [part for port in (1702, 11701) for part in ("-d", f"udp.port=={port},l2tp")]
    command += [*ports, *(part for name in FIELDS for part in ("-e", name))]
    told = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    found: dict[str, set[str]] = {name: set() for name in FIELDS}
    for line in told.splitlines():
        for name, value in zip(FIELDS, line.split("\t"), strict=False):
            found[name].update(part for part in value.split("\x1f") if part)
    return found


class Search:
    """What must not be found."""

    def __init__(self, path: Path, key_file: str) -> None:
        found, key = originals(path), read_key(key_file)
        addresses = Addresses(key.octets)
        old = {ip_address(text).packed for name in ADDRESSES for text in found[name] if _is_address(text)} - set(UNTOUCHED)
        new = {addresses.replace(one) for one in old}
        self.addresses = {one for one in old - new if not _is_group(one)}
        numbers = {_octets(text) for name in NUMBERS for text in found[name]}
        numbers = {one for one in numbers if int.from_bytes(one, "big") > 255}
        self.octets = {one for name in OCTETS for text in found[name] if len(one := _octets(text)) >= SHORTEST_OCTETS and any(one)}
        self.octets = set(sorted(self.octets)[:: max(1, len(self.octets) // MOST)])
        self.octets = {one for one in self.octets if len(set(one)) > 2 and not (len(one) == 6 and one[0] & 1)} | numbers
        words = {text.strip("\0") for name in NAMES for text in found[name]}
        self.words = {one for one in words if len(one) >= SHORTEST_NAME and one not in HARMLESS and scrub(one.encode()) != one.encode()}
        stem = path.name.split(".")[0]
        self.words |= {path.name, str(path.parent), sha256(path.read_bytes()).hexdigest()} if len(stem) > 6 else {str(path.parent)}

    def text(self, octets: bytes) -> Iterator[str]:
        """What a text has."""
        for address in self.addresses:
            told = str(ip_address(address)).encode()
            if told in octets and re.search(rb"(?<![0-9A-Za-z.:])" + re.escape(told) + rb"(?![0-9A-Za-z:]|\.\d)", octets):
                yield f"address {ip_address(address)}"
        lower = b" ".join(re.findall(rb"[0-9a-f:]{8,}", octets.lower()))
        for one in self.octets:
            digits = one[:16].hex()
            forms = [digits, ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))]
            if any(form.encode() in lower and re.search(rb"(?<![0-9a-f])" + form.encode(), lower) for form in forms):
                yield f"octets {one.hex()[:40]}"
        for word in self.words:
            told = word.encode()
            if told in octets and re.search(rb"(?<![0-9A-Za-z])" + re.escape(told) + rb"(?![0-9A-Za-z])", octets):
                yield f"word {word!r}"

    def binary(self, octets: bytes) -> Iterator[str]:
        """What a file of packets has."""
        for one in self.addresses:
            for found in re.finditer(re.escape(one), octets):
                yield f"address {ip_address(one)} at {found.start()}: {octets[max(0, found.start() - 24) : found.end() + 8].hex()}"
        for one in self.octets:
            at = octets.find(one[:16])
            if at >= 0:
                yield f"octets {one.hex()[:40]} at {at}: {octets[max(0, at - 24) : at + 24].hex()}"
        for word in self.words:
            for encoded in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")):
                if encoded in octets:
                    yield f"word {word!r} as {encoded!r}"
        yield from (f"in a text: {one}" for one in self.text(octets) if not one.startswith("octets"))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_group(address: bytes) -> bool:
    return ip_address(address).is_multicast or ip_address(address).is_unspecified


@cache
def _octets(text: str) -> bytes:
    digits = text.removeprefix("0x").replace(":", "").replace("-", "")
    try:
        return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    except ValueError:
        return b""


def texts(report: Report) -> Iterator[tuple[str, bytes]]:
    """Every output of a report, by name."""
    page = Page()
    for form in ("table", "json", "ndjson"):
        yield f"summary {form}", b"".join(pieces(report, "summary", form, page))
    for table in ROWS:
        for form in ("table", "csv") + (("parquet",) if _has_arrow() else ()):
            yield f"{table} {form}", b"".join(pieces(report, table, form, page))  # type: ignore[arg-type]
    for form in OF_FINDINGS:
        if form != "parquet":
            yield f"diagnose {form}", b"".join(pieces(report, "findings", form, page))
    for form in ("table", "svg"):
        for row in report.measures.vpns[:6]:
            yield f"ladder {form}", b"".join(pieces(report, "ladder", form, page, raw=True, most=0, vpn=row.vpn))  # type: ignore[arg-type]
    for lang in ("en", "ja"):
        yield f"report {lang}", "".join(document(report, lang, [])).encode("utf-8", "backslashreplace")
    for kind in KINDS:
        try:
            yield f"plot {kind}", b"".join(pieces(report, "plot", "svg", page, kind=kind))
        except Exception as error:
            if type(error).__name__ != "OutputError":
                raise


@cache
def _has_arrow() -> bool:
    try:
        import pyarrow  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def frames_shown(path: Path, report: Report, key_file: str, most: int = 60) -> Iterator[tuple[str, bytes]]:
    """The first frames, shown with all layers; the rows of all frames are gathered in one reading."""
    glances = [Glance(frame, anonymised=True) for frame in range(1, most + 1)]

    def each(batch: Any, frames: Frames) -> None:
        for glance in glances:
            glance(batch, frames)

    read(path, anonymize=key_file, watch=each)
    for glance in glances:
        if glance.found:
            seen = shown(report, glance, "capture-1", show_secrets=True)
            for form in ("table", "json"):
                yield f"show {glance.frame} {form}", b"".join(seen.pieces(form, Page()))


def extracts(path: Path, report: Report, key_file: str, most: int = 6) -> Iterator[tuple[str, int, bytes]]:
    """The anonymised packets of connections and tunnels."""
    measures = report.measures
    for kind, numbers in (("vpn", [row.vpn for row in measures.vpns]), ("tunnel", [row.tunnel for row in measures.tunnels])):
        for number in numbers[:most]:
            wanted = choice(report, **{kind: number})  # type: ignore[arg-type]
            yield kind, number, b"".join(anonymised(report, wanted, [str(path)], key_file))


class Mapping:
    """What stands for what: the same word for the same word, two for two."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, str]] = {}
        self.back: dict[str, dict[str, str]] = {}

    def odd(self, what: str, old: str, new: str) -> str | None:
        """What is wrong with a pair, if anything is."""
        first, again = self.there.setdefault(what, {}).setdefault(old, new), self.back.setdefault(what, {}).setdefault(new, old)
        if first != new:
            return f"{what}: {old!r} is {first!r} and {new!r}"
        return f"{what}: {new!r} stands for {again!r} and {old!r}" if again != old else None


REPLACED = ("name", "user", "vendor", "initiator", "responder", "client", "server", "source", "destination", "spi", "ident", "peer")
REPLACED += (
    "address",
    "summary",
    "detail",
    "text",
    "message",
    "path",
    "reason",
    "why",
    "subject",
    "alternatives",
    "linked",
    "circuit",
    "filter",
    "secret",
    "notifies",
)
"""Parts of the names of columns in which there may be another word."""
ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w.:])")


def differences(one: Report, other: Report) -> Iterator[str]:
    """How two reports differ otherwise than by replaced words: numbers, times, whether there is a word, which words are the same."""
    mapping = Mapping()
    for table in ROWS:
        rows, others = one.rows(table), other.rows(table)
        if len(rows) != len(others):
            yield f"{table}: {len(rows)} rows, {len(others)}"
        for column in columns(table):
            for row, again in zip(rows, others, strict=False):
                before, after = getattr(row, column.name), getattr(again, column.name)
                odd = _odd(mapping, f"{table}.{column.name}", before, after)
                if odd:
                    yield odd
                    break


def _odd(mapping: Mapping, where: str, before: Any, after: Any) -> str | None:
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and len(before) == len(after):
        return next((odd for old, new in zip(before, after, strict=True) if (odd := _odd(mapping, where, old, new))), None)
    if isinstance(before, str) and isinstance(after, str) and before != after:
        return _odd_words(mapping, where, before, after)
    return None if repr(before) == repr(after) else f"{where}: {before!r:.100} {after!r:.100}"


def _odd_words(mapping: Mapping, where: str, before: str, after: str) -> str | None:
    old, new = ADDRESS.findall(before), ADDRESS.findall(after)
    if len(old) == len(new) and old:
        pairs = (mapping.odd("address", *pair) for pair in zip(old, new, strict=True))
        odd = next((odd for odd in pairs if odd), None)
        if odd or ADDRESS.sub("@", before) == ADDRESS.sub("@", after):
            return odd
    if not any(part in where for part in REPLACED):
        return f"{where}: {before!r:.100} {after!r:.100}"
    wordy = where.endswith(("summary", "detail", "text", "message_text", "path")) or len(before) > 60
    return None if wordy else mapping.odd(where, before, after)


def findings(report: Report) -> list[tuple[Any, ...]]:
    """What is found, words aside."""
    names = ("finding", "severity", "grade", "evidence", "evidence_captures")
    rows = report.rows("findings")
    return sorted((*(repr(getattr(row, name)) for name in names), ADDRESS.sub("@", row.subject)) for row in rows)


def reread(octets: bytes, report: Report, kind: str, number: int, tmp: Path) -> Iterator[str]:
    """How the extract of a connection, read again, differs from the report it came from."""
    tmp.write_bytes(octets)
    again = read(tmp)
    if kind != "vpn":
        return
    row = next(one for one in report.rows("vpns") if one.vpn == number)
    rows = again.rows("vpns")
    if len(rows) != 1:
        yield f"vpn {number}: {len(rows)} connections when read again"
        return
    for column in columns("vpns"):
        if column.name not in ("vpn", "tunnels", "sessions", "ike_sas", "esp_sas", "first_capture") and column.kind != "list":
            before, after = getattr(row, column.name), getattr(rows[0], column.name)
            if before != after:
                yield f"vpn {number} read again: {column.name} {before!r:.80} {after!r:.80}"
    which = " or ".join(f"{name}.checksum.status==0" for name in ("ip", "udp", "tcp", "icmp", "icmpv6"))
    asked = [part for name in ("ip", "udp", "tcp") for part in ("-o", f"{name}.check_checksum:TRUE")]
    command = ["tshark", "-n", "-r", str(tmp), *asked, "-Y", which, "-T", "fields", "-e", "frame.number", "-e", "frame.protocols"]
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = bad.stdout.splitlines()
    if lines:
        yield f"vpn {number}: {len(lines)} frames with a bad checksum, as {lines[0]!r}"


def check(path: Path, key_file: str, tmp: Path) -> Iterator[str]:
    """All that is wrong with a capture's anonymised outputs."""
    search = Search(path, key_file)
    plain, made = read(path, show_secrets=True), read(path, show_secrets=True, anonymize=key_file)
    yield from (f"differs {one}" for one in differences(plain, made))
    if findings(plain) != findings(made):
        yield f"findings differ: {set(findings(plain)) ^ set(findings(made))}"
    for name, octets in (*texts(made), *frames_shown(path, made, key_file)):
        yield from (f"{name}: {one}" for one in search.text(octets))
    for kind, number, octets in extracts(path, made, key_file):
        yield from (f"extract {kind} {number}: {one}" for one in search.binary(octets))
        yield from reread(octets, made, kind, number, tmp)
    with path.open("rb") as file:
        live = list(watch(file, anonymize=key_file, show_secrets=True))[-1] if path.suffix == ".pcap" else made
    if live.to_json() != made.to_json() and path.suffix == ".pcap":
        yield from (f"live: {one}" for one in search.text(live.to_json().encode()))


def main() -> int:
    """Check the captures whose paths have one of the patterns."""
    patterns = sys.argv[1:] or [""]
    paths = [*(CAPTURES / "lab").glob("*/*.pcap*"), *(CAPTURES / "public").glob("c*")]
    paths.sort(key=lambda path: (path.stat().st_size, path))
    count = 0
    with TemporaryDirectory() as directory:
        key = Path(directory) / "key"
        read_key(str(key))
        for path in paths:
            if any(pattern in str(path) for pattern in patterns):
                found = list(dict.fromkeys(_checked(path, str(key), Path(directory) / "again.pcapng")))
                count += len(found)
                print(f"{path.parent.name}/{path.name}: {len(found)}", *found[:40], sep="\n    ", flush=True)
    return bool(count)


def _checked(path: Path, key_file: str, tmp: Path) -> Iterator[str]:
    try:
        yield from check(path, key_file, tmp)
    except Exception as error:  # noqa: BLE001 - what raises is one more thing to be told
        yield f"raised {type(error).__name__}: {error} {traceback.format_tb(error.__traceback__)[-1]}"


if __name__ == "__main__":
    sys.exit(main())
