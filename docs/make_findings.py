"""Makes docs/findings.md from the docstrings of the rules: `python docs/make_findings.py`. A test checks that it is current."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from l2tpscope.findings import HEADINGS, names, rule

TARGET = Path(__file__).with_name("findings.md")

INTRODUCTION = """# What is looked for

<!-- Made from the docstrings in l2tpscope/findings/rules/ by docs/make_findings.py: change it there. -->

`l2tpscope diagnose FILE` names what is wrong in a capture. Each finding has a **severity** (`error`: something does not work; `warning`: it works badly or
dangerously; `info`: good to know) and a **grade**, which is that of its sentence as it stands: `certain` (octets prove it), `likely` (the pattern fits,
other causes are named), `hint`. What may lie behind it stands under *may be*: the wire often shows what broke, and not why.

Order: the first layer that broke comes first (IKE, ESP, L2TP, PPP); what follows from it in the same connection stands under it; what happened alike to
several connections is told once. That something did *not* come is claimed only where the capture is good and somebody waited long enough for it.

No capture shows what was never sent: the registry of Windows (AssumeUDPEncapsulationContextOnSendRule, ProhibitIpSec), local policy, missing drivers or
kernel modules, AppArmor, names that did not resolve. Where a pattern is known to come of these, the rule says so.
"""

LAYERS = {
    "1": "L2TP control",
    "2": "Reliability and loss",
    "3": "PPP",
    "4": "IKE",
    "5": "ESP and NAT",
    "6": "Security",
    "9": "The capture itself",
}


def text() -> str:
    """The whole of docs/findings.md."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield INTRODUCTION
    layer = ""
    for name in names():
        module = rule(name)
        one = module.rule
        if one.layer != layer:
            layer = one.layer
            yield f"\n## {LAYERS[layer]}\n"
        title = module.document.partition("\n")[0].removeprefix(one.id).strip().rstrip(".")
        yield f"\n### {one.id} {title}\n\n`{one.name}`, {one.severity.value}\n\n"
        for heading in HEADINGS:
            yield f"- *{heading}:* {module.texts[heading]}\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
