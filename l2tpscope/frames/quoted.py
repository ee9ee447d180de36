"""ICMP and ICMPv6 errors in columns: which of them quote a datagram of ours."""

from __future__ import annotations

import numpy as np

from l2tpscope.frames.addresses import address_keys
from l2tpscope.frames.classify import Classifier
from l2tpscope.frames.datagrams import Datagrams
from l2tpscope.frames.flows import flow_keys
from l2tpscope.frames.link import FOREIGN, IPV4, IPV6
from l2tpscope.frames.network import compose, read_headers
from l2tpscope.frames.tables import ESP, ICMP, L2TP_IP, ON_IPSEC, ON_L2TP, ON_PROVEN, UDP
from l2tpscope.frames.window import Bools, Views

ERRORS = (3, 4, 5, 11, 12)
"""ICMP: unreachable, source quench, redirect, time exceeded, parameter problem. *Source*: RFC 792."""
ERRORS_V6 = (1, 2, 3, 4)
"""*Source*: RFC 4443 §2.1."""


def quoting(views: Views, messages: Datagrams, classifier: Classifier) -> Bools:
    """Which ICMP messages are errors that quote L2TP, IKE, ESP or protocol 115.

    *Shape*: (n,), of messages of ICMP and ICMPv6 alone. *Bias*: what is quoted without its ports (a later fragment, a
    message cut before them) is taken for foreign.
    """
    rows, payload = messages.packets.rows, messages.payload
    error = np.where(rows["protocol"] == ICMP, np.isin(rows["icmp_type"], ERRORS), np.isin(rows["icmp_type"], ERRORS_V6))
    which = np.flatnonzero(error & (payload.captured >= 20))
    ours = np.zeros(len(rows), np.bool_)
    if not len(which):
        return ours
    at, limit = payload.at[which], messages.packets.limit[which]
    version = views.u8[at] >> 4
    ethertype = np.where(version == 4, IPV4, np.where(version == 6, IPV6, FOREIGN)).astype(np.uint16)
    headers = read_headers(views, at, ethertype, limit, limit)
    inner = compose(views, at, headers)
    source, destination = address_keys(views, inner, at)
    on = classifier.ports.take(inner["source_port"]) | classifier.ports.take(inner["destination_port"])
    udp = (headers.protocol == UDP) & (limit - headers.transport >= 4)
    udp &= (version == 6) | ((inner["fragment"] & 0x1FFF) == 0)
    quoted = udp & ((on & (ON_L2TP | ON_IPSEC)) != 0)
    proven = np.flatnonzero(udp & ~quoted & ((on & ON_PROVEN) != 0))
    keys = flow_keys(source[proven], destination[proven], inner["source_port"][proven], inner["destination_port"][proven])
    quoted[proven] = classifier.l2tp.known(keys, messages.record[which[proven]])
    quoted |= (headers.protocol == ESP) | (headers.protocol == L2TP_IP)
    ours[which] = quoted & headers.readable
    return ours
