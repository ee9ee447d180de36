"""authentication: who challenged whom in a tunnel, and whether what answers, or each message's digest, fits the secret.

v2: Challenge and Challenge Response (RFC 2661 §5.1.1). v3: a Message Digest in every message, over both sides' nonces (RFC 3931 §5.4.1);
without a secret and nonces it is a checksum, which anybody can check.
"""

from __future__ import annotations

from l2tpscope.analysis.follow import Story
from l2tpscope.model.half import ControlFrame
from l2tpscope.wire.l2tp import check_digest, check_response

CHALLENGE, CHALLENGE_RESPONSE, MESSAGE_DIGEST, NONCE = 11, 13, 59, 73


def authentication(story: Story, secret: bytes | None) -> str | None:
    """In words; None where nobody asked for any."""
    said = _challenges(story, secret)
    digests = _digests(story, secret)
    return "; ".join(said + ([digests] if digests else [])) or None


def _challenges(story: Story, secret: bytes | None) -> list[str]:
    said = []
    for asking, answering in (("SCCRQ", "SCCRP"), ("SCCRP", "SCCCN")):
        asked, answered = story.first.get(asking), story.first.get(answering)
        challenge = asked.message.get(CHALLENGE) if asked is not None and asked.message is not None else None
        if not isinstance(challenge, bytes):
            continue
        who = "initiator challenges" if asking == "SCCRQ" else "responder challenges"
        if answered is None or answered.message is None:
            said.append(f"{who}: no {answering} seen")
        elif answered.message.get(CHALLENGE_RESPONSE) is None:
            said.append(f"{who}: no response in {answering}")
        elif secret is None:
            said.append(f"{who}: answered (not checked, no secret given)")
        else:
            fits = check_response(answered.message, challenge, secret)
            said.append(f"{who}: response {'fits' if fits else 'does not fit'} the secret")
    return said


def _digests(story: Story, secret: bytes | None) -> str | None:
    """How many of the messages that are kept have a digest that fits."""
    nonces = {True: _nonce(story.first.get("SCCRQ")), False: _nonce(story.first.get("SCCRP"))}
    digested = [
        (frame, sent)
        for frame, sent, _ in story.verdicts
        if frame.message is not None and frame.message.find(MESSAGE_DIGEST) is not None and not frame.copy
    ]
    if not digested:
        return None
    keyed = secret is not None
    if not keyed and any(nonces.values()):
        return f"{len(digested)} messages with a digest (not checked, no secret given)"
    if "SCCRQ" not in story.first or "SCCRP" not in story.first:
        return f"{len(digested)} messages with a digest (not checked: the set-up with its nonces was not seen)"
    checks = [check_digest(frame.message, secret or b"", nonces[sent], nonces[not sent]) for frame, sent in digested if frame.message]
    right, all_of_them = sum(check is True for check in checks), sum(check is not None for check in checks)
    if not keyed and not right:
        return f"{len(digested)} messages with a digest (not checked, no secret given)"
    what = "the secret" if keyed else "as checksums"
    return f"{right} of {all_of_them} digests {'fit ' if keyed else 'are right '}{what}"


def _nonce(frame: ControlFrame | None) -> bytes:
    value = frame.message.get(NONCE) if frame is not None and frame.message is not None else None
    return value if isinstance(value, bytes) else b""
