"""Texts of a few lines that stand for more values than there are atoms, and such as stand for themselves."""

from __future__ import annotations

LAUGHS = "a0: &a0 [1, 2]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(30))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n + 1}: &a{n + 1}\n  <<: [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(12))
CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{b: *a{n}, c: *a{n}}}\n" for n in range(60))
ITSELF = "a: &a {b: 1, <<: *a}\n"
ITSELF_DEEPER = "a: &a [[[*a]]]\n"
MANY, INSIDE = "at most 100000 values are wanted where", "'\\*a' would be inside of itself"
BOMBS = {
    "laughs": (LAUGHS, MANY),
    "merges": (MERGES, MANY),
    "chain": (CHAIN, MANY),
    "itself": (ITSELF, INSIDE),
    "itself, deeper": (ITSELF_DEEPER, INSIDE),
}
