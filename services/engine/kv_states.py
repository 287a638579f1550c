"""Saved states of sequences, as contexts with other numbers of pools take them."""

import struct

_COUNT = struct.Struct("<I")
# llama.cpp's mark and the sequence's number stand before the number of pools.
_MARK, _HEAD = 4, 8
_FIRST = _HEAD + _COUNT.size


def refitted(state: bytes, empty: bytes) -> bytes:
    """Return *state* for a context that gives a sequence without cells the state *empty*.

    A state says how many pools its context has, and for each how many cells the sequence has in it,
    their content behind the one number that is not 0 (llama.cpp, `llama_kv_cache::state_write`).
    llama.cpp takes it in a context of as many pools only, and how many there are depends on the
    memory that is free at the start. A state that is not written so comes back as it is.
    """
    pools, wanted = _pools(state), _pools(empty)
    is_known = state[:_MARK] == empty[:_MARK] and len(state) >= _FIRST + _COUNT.size * pools
    is_empty = len(empty) == _FIRST + _COUNT.size * wanted and not any(empty[_FIRST:])
    if pools == wanted or not (is_known and is_empty):
        return state
    counts = [_number(state, _FIRST + _COUNT.size * at) for at in range(pools)]
    own = next((at for at, cells in enumerate(counts) if cells), None)
    if own is None:
        return empty
    begin = _FIRST + _COUNT.size * own
    end = len(state) - _COUNT.size * (pools - 1 - own)
    return empty[:_FIRST] + state[begin:end] + bytes(_COUNT.size * (wanted - 1))


def _pools(state: bytes) -> int:
    return _number(state, _HEAD)


def _number(state: bytes, at: int) -> int:
    """Return the number that stands at a byte; 0 where the state ends before."""
    return int(_COUNT.unpack_from(state, at)[0]) if at + _COUNT.size <= len(state) else 0
