"""Anonymous: packets with addresses, names, SPIs, cookies, MACs and secrets replaced before anything else sees them.

So nothing that is made of them can tell: tables, findings, pictures, extracts. Lengths, times, numbers and what software is known by
stay, and so the tables stay the same otherwise. The same key gives the same replacements, in every capture.
"""

from l2tpscope.anonymous.key import Key, KeyFileError, read_key
from l2tpscope.anonymous.rewrite import Anonymiser

__all__ = ["Anonymiser", "Key", "KeyFileError", "read_key"]
