"""The states of a control connection and of a call as an observer sees them, both directions together.

`initiator` is who sent SCCRQ; in the tables of calls it is who sent ICRQ or OCRQ. Source: RFC 2661 §7.2, §7.4, §7.5.
"""

from __future__ import annotations

from l2tpscope.track.base import Table

INITIATOR, RESPONDER, EITHER = True, False, None

_WHILE_UP = (
    "HELLO ICRQ ICRP ICCN OCRQ OCRP OCCN CDN WEN SLI MDMST SRRQ SRRP FSQ FSR MSRQ MSRP MSE MSI MSEN CSUN CSURQ".split()  # noqa: SIM905
)

CONTROL_CONNECTION: Table = {
    "idle": {
        (INITIATOR, "SCCRQ"): "wait-ctl-reply",  # §7.2.1
    },
    "wait-ctl-reply": {
        (RESPONDER, "SCCRP"): "wait-ctl-conn",  # §7.2.1
        (EITHER, "StopCCN"): "closed",  # §7.2.1, §5.7
    },
    "wait-ctl-conn": {
        (INITIATOR, "SCCCN"): "established",  # §7.2.1
        (EITHER, "StopCCN"): "closed",
    },
    "established": {
        (EITHER, "StopCCN"): "closed",
        **{(EITHER, message): "established" for message in _WHILE_UP},  # §7.2.1, §6
    },
    "closed": {
        (EITHER, "StopCCN"): "closed",  # both sides may close at once
        **{(EITHER, message): "closed" for message in _WHILE_UP},  # sent before the StopCCN came: they cross it
        (INITIATOR, "SCCCN"): "closed",
        (RESPONDER, "SCCRP"): "closed",
        (INITIATOR, "SCCRQ"): "closed",
    },
}

CALL: Table = {
    "idle": {
        (INITIATOR, "ICRQ"): "wait-reply",  # §7.4.1
        (INITIATOR, "OCRQ"): "wait-reply",  # §7.5.2
    },
    "wait-reply": {
        (RESPONDER, "ICRP"): "wait-connect",  # §7.4.1
        (RESPONDER, "OCRP"): "wait-connect",  # §7.5.2
        (EITHER, "CDN"): "closed",
    },
    "wait-connect": {
        (INITIATOR, "ICCN"): "established",  # §7.4.1: the caller connects
        (RESPONDER, "OCCN"): "established",  # §7.5.1: the called side connects
        (EITHER, "CDN"): "closed",
    },
    "established": {
        (EITHER, "WEN"): "established",  # §6.13
        (EITHER, "SLI"): "established",  # §6.14
        (EITHER, "MDMST"): "established",  # RFC 3573
        (EITHER, "CDN"): "closed",
    },
    "closed": {
        (EITHER, "CDN"): "closed",  # both sides may close at once
        **{(EITHER, message): "closed" for message in ("WEN", "SLI", "MDMST", "ICRP", "ICCN", "OCRP", "OCCN")},  # they cross it
    },
}
