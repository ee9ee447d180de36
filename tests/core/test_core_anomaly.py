"""Anomaly: whose doing, what, where."""

from __future__ import annotations

from l2tpscope.core.anomaly import Anomaly, AnomalyKind


def test_anomaly_says_its_kind_and_what() -> None:
    """As text an anomaly is its kind and its line."""
    assert str(Anomaly(AnomalyKind.TRUNCATED, "54 of 101 octets captured", 54)) == "truncated: 54 of 101 octets captured"


def test_equal_anomalies_are_equal() -> None:
    """Anomalies are values: alike ones count as one."""
    assert len({Anomaly(AnomalyKind.UNKNOWN, "AVP 300 is not registered", 4) for _ in range(3)}) == 1
