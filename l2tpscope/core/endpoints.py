"""endpoints: addresses with ports, as text."""

from __future__ import annotations


def split(endpoint: str) -> tuple[str, str]:
    """Address and port of an endpoint, without brackets; the port is empty where it has none."""
    if endpoint.startswith("["):
        address, _, port = endpoint[1:].partition("]:")
        return address.removesuffix("]"), port
    return (endpoint.partition(":")[0], endpoint.partition(":")[2]) if endpoint.count(":") == 1 else (endpoint, "")
