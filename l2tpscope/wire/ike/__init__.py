"""IKEv1 (RFC 2408, 2409) and IKEv2 (RFC 7296) messages: everything that is in clear."""

from __future__ import annotations

from l2tpscope.wire.ike.message import IkeMessage

__all__ = ["IkeMessage"]
