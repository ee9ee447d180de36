"""L2S501 ESP goes one way only, from the first packet on.

What is seen: IKE made the SAs, the client sends ESP, as a rule the same packet after 1, 2, 4 and 8 s, which is SCCRQ, and no ESP ever
comes back.
Why it matters: the VPN looks connected for half a minute and then fails. Windows shows 809, xl2tpd "Maximum retries exceeded".
What else could cause it: no L2TP daemon at the server, or it listens on another address; the server's firewall drops L2TP after
decryption; ESP (protocol 50) is dropped on the way, where no NAT was seen; the server discards the ESP (integrity check of other length,
policy, a UDP checksum that NAT made wrong); the answer leaves the server unencrypted or to another address.
What to do: at the server, see whether the SA counts packets in: none means that ESP does not arrive (force UDP encapsulation,
`encapsulation=yes`); errors mean that it is discarded (`ip xfrm state`, `/proc/net/xfrm_stat`); else look at the L2TP daemon and at
firewall rules for UDP 1701.
Source: RFC 3193 §4, RFC 2661 §5.8
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.esp import about_vpn, concluded, head, sas
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S501", name="esp-unanswered", severity=Severity.ERROR, source="RFC 3193 §4")
PACKETS, WAIT = 3, 5 * SECOND


def check(case: Case) -> Iterable[Finding]:
    """Connections whose IKE goes both ways and whose ESP does not."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        rows = sas(case, vpn)
        if (
            not vpn.ike_sas
            or not rows
            or vpn.tunnels
            or {row.direction for row in rows} != {"to_responder"}
            or concluded(case, vpn, "icv-mismatch")
        ):
            continue
        if sum(row.packets for row in rows) < PACKETS or rows[-1].last - rows[0].first < WAIT or not all(row.birth_seen for row in rows):
            continue
        stage = concluded(case, vpn, "stage")
        what = "SCCRQ goes out inside ESP again and again" if stage is not None else "the client sends ESP"
        yield about_vpn(
            vpn,
            rows,
            grade=case.absent("likely"),
            summary=f"IKE made the SAs, {what}, and no ESP comes back from the server",
            evidence=head(case, rows[0]),
            against=case.doubts,
        )
