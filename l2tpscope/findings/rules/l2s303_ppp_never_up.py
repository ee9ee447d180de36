"""L2S303 PPP does not come up.

What is seen: the session is up, PPP negotiates, and ends or stops before IP can pass: LCP that is not answered, a network protocol that
one side does not run, an address that is refused, encryption (MPPE) that one side demands.
Why it matters: the user is connected to nothing. Windows shows 718, 720, 734, 738, 741 or 742.
What else could cause it: the server has no address to give, or refuses the one asked for (`noipdefault`, `ip range`); IPCP is not
configured there ("No network protocols running"); data passes in one direction only (LCP Configure-Requests without an answer); MPPE
demanded by one side and refused by the other, which inside IPsec is not needed; pppd or a kernel module is missing at one end.
What to do: look at the last thing that was refused or not answered. Inside IPsec switch MPPE and CCP off (`noccp`, `nomppe`); give the
pool addresses; see that data passes both ways.
Source: RFC 1661 §3, RFC 1332 §3, RFC 3078
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.analysis.rows import PppRow, SessionRow
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.ppp import rejection
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S303", name="ppp-never-up", severity=Severity.ERROR, source="RFC 1661 §3")
NEGOTIATING = ("negotiating LCP", "LCP up", "authenticating", "authenticated", "negotiating IPCP")
PATIENCE = 20 * SECOND
"""pppd asks ten times, every 3 s; what has not come after so long does not come."""
ORDINARY = ("User request",)
"""What pppd says when it is told to end: then nobody failed."""
LAST = 6


def check(case: Case) -> Iterable[Finding]:
    """Sessions in which PPP began, and no IP address was ever agreed."""
    for row in case.measures.sessions:
        if row.assigned_ip is not None or row.peer_ip is not None or row.ppp_state not in (*NEGOTIATING, "terminated") or _used(case, row):
            continue
        said = case.ppp(row)
        begun = any(one.protocol == "LCP" and one.code == "Configure-Request" for one in said)
        if not begun or _method_refused(said) or rejection(case, row) is not None:
            continue  # no PPP, or a finding of its own
        if row.ppp_state == "terminated":
            if not any(word in (row.ppp_reason or "") for word in ORDINARY):
                why = f": {row.ppp_reason}" if row.ppp_reason else ""
                yield about_session(case, row, said[-LAST:], grade="certain", summary=f"PPP ends before it can carry IP{why}")
        elif said[-1].time - said[0].time >= PATIENCE:
            yield _stuck(case, row, said)


def _used(case: Case, row: SessionRow) -> bool:
    """Whether IP passed all the same: the capture began late, or it is IPv6 alone."""
    vpn = case.vpn(case.tunnel(row.tunnel).vpn)
    return vpn is not None and vpn.stage == "traffic"


def _method_refused(said: Sequence[PppRow]) -> bool:
    """Whether that is why: a finding of its own."""
    no = any(
        one.protocol == "LCP" and one.code in ("Configure-Reject", "Configure-Nak") and "authentication " in one.summary for one in said
    )
    return no and not any(one.protocol in ("PAP", "CHAP", "EAP") for one in said)


def _stuck(case: Case, row: SessionRow, said: Sequence[PppRow]) -> Finding:
    asked = [one for one in said if one.code == "Configure-Request"]
    silent = [one for one in asked if not any(other.reply_to == one.frame and other.capture == one.capture for other in said)]
    vain = f", {len(silent)} requests are not answered" if silent else ""
    summary = f"PPP is still {row.ppp_state} after {(said[-1].time - said[0].time) / 1e9:.0f} s{vain}"
    return about_session(case, row, silent or said[-LAST:], grade=case.absent("likely"), summary=summary, against=case.doubts, same="stuck")
