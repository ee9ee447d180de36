"""IkeMessage: one IKE message, its payloads in clear."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.core.anomaly import Anomaly


@dataclass(frozen=True, slots=True)
class IkeMessage:
    """One IKE message."""

    initiator_spi: int
    """64 bits; cookie in IKEv1."""
    responder_spi: int
    """0 in a first message."""
    major: int
    minor: int
    exchange: int
    flags: int
    message_id: int
    length: int
    """As the header announces."""
    anomalies: tuple[Anomaly, ...]
