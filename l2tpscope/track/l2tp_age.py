"""l2tp_age: which halves are still in use, and how those that go on for days stay short."""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.model.half import Half

LEAST_FRAMES = 64
"""Control frames of a tunnel's half that stay however scarce memory gets."""
FIRST_FRAMES = 16
"""Of these, from the begin."""
Heard = tuple[bytes, int | bytes]
"""A receiver's address and the Tunnel ID; of v3, whose data names no tunnel, the sender's address."""
Named = tuple[bytes, int, int]
"""A receiver's address, Tunnel ID (0 in v3), Session ID."""


def named(halves: Iterable[Half]) -> set[Named]:
    """What names the sessions of which there are messages."""
    return {
        (half.receiver.address, 0 if half.version == 3 else half.tunnel or 0, frame.session)
        for half in halves
        for frame in half.frames
        if frame.session
    }


def is_alive(half: Half, before: int, heard: set[Heard]) -> bool:
    """Whether anything was sent since an instant."""
    if half.frames and half.frames[-1].time >= before:
        return True
    return (half.receiver.address, half.sender.address if half.version == 3 else half.tunnel or 0) in heard


def thin(half: Half, most: int) -> None:
    """Let the middle of a long tunnel go, in both its directions: of either, its first messages stay, and its last ones."""
    halves = [half] if half.twin is None else [half, half.twin]
    if max(len(one.frames) for one in halves) <= most:
        return
    begin = min(one.frames[FIRST_FRAMES].position for one in halves if len(one.frames) > FIRST_FRAMES)
    longest = max(halves, key=lambda one: len(one.frames)).frames
    near = range(len(longest) - most // 2, len(longest) - most // 4)  # in a pause, so that what comes next is no repeat
    end = longest[max(near, key=lambda at: longest[at].time - longest[at - 1].time)].position
    for one in halves:
        kept = [frame for frame in one.frames if not begin <= frame.position < end]
        one.thinned, one.resumed = one.thinned + len(one.frames) - len(kept), end
        one.frames = kept
