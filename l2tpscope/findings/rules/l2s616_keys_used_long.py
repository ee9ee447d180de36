"""L2S616 Keys are used for long.

What is seen: an IKE SA that is to live, or was seen to live, for more than 24 hours; an ESP SA that was in use for more than 8 hours, or
carried more octets than a cipher with blocks of 64 bits bears.
Why it matters: whoever gets one key reads all that passed under it; with 3DES and its kin blocks begin to repeat at 2^32 of them, and
what repeats tells of the plain text.
What else could cause it: a lifetime that was set long because renewing the keys failed; a side that does not renew them at all
(`rekey=no` on both); a peer that never came back to do it.
What to do: `ikelifetime` of 24 hours or less, `lifetime` (`salifetime`) of 8 hours or less on one side, and a limit by octets with 3DES;
better, AES.
Source: RFC 2407 §4.5, RFC 8221 §5; the limits are a judgement, no RFC sets any
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings import esp
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.ike import about
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S616", name="keys-used-long", severity=Severity.INFO, source="RFC 2407 §4.5")
IKE_S, ESP_S = 86_400, 28_800
SMALL_BLOCK, MOST_BLOCKS = 8, 1 << 32


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs by what was agreed and what was seen; ESP SAs by what was seen."""
    for row in case.measures.ike_sas:
        messages = case.ike_messages(row)
        if row.established is None or not messages:
            continue
        seen = (messages[-1].time - row.established) / SECOND
        if (row.lifetime_s or 0) > IKE_S or seen > IKE_S:
            agreed = f"the IKE SA is agreed on for {row.lifetime_s} s" if (row.lifetime_s or 0) > IKE_S else ""
            used = f"the IKE SA is used for {seen:.0f} s" if seen > IKE_S else ""
            summary = f"{agreed or used}: more than {IKE_S} s, a day"
            yield about(row, [messages[0], messages[-1]], grade="certain", summary=summary, same="IKE")
    for vpn in case.measures.vpns:
        for sa in esp.sas(case, vpn):
            used_s = (sa.last - sa.first) / SECOND
            small = sa.cipher_block_octets == SMALL_BLOCK and sa.octets > SMALL_BLOCK * MOST_BLOCKS
            if not small and used_s <= ESP_S:
                continue
            what = f"the ESP SA is used for {used_s:.0f} s: more than {ESP_S} s, 8 hours"
            if small:
                what = f"the ESP SA carried {sa.octets} octets under one key of a cipher with blocks of 64 bits: more than 2^32 blocks"
            severity = Severity.WARNING if small else None
            grade = "likely" if small else "certain"
            evidence = esp.first_place(case, sa)
            yield esp.about_vpn(vpn, [sa], grade=grade, evidence=evidence, summary=what, severity=severity, same=f"ESP {small}")
