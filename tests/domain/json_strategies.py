"""Whatever may stand in a file's own data: JSON of any kind, and the keys that are looked for with any value."""

from __future__ import annotations

from hypothesis import strategies as st

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


def records(*keys: str) -> st.SearchStrategy:
    """JSON objects with some of these keys, or anything at all."""
    return st.dictionaries(st.sampled_from(keys) | st.text(max_size=4), values, max_size=6) | values
