"""Picks an answer's tokens by llama.cpp's own samplers; greedy without any of them by numpy.

A grammar is looked at after the choice: the token is picked freely, checked alone, and only if the
grammar forbids it picked again among those that it allows. Masking the whole vocabulary for each
token would cost milliseconds.
"""

import ctypes
import json
import re
import secrets
import time
from collections.abc import Mapping

import llama_cpp
import numpy as np
from llama_cpp.llama_grammar import json_schema_to_gbnf
from numpy.typing import NDArray

from services.domain.answers import Sampling
from services.domain.errors import EngineError, InvalidRequestError
from services.engine.grammar_bounds import check_grammar, check_schema

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
# Lines below the best, in logits, that are tried one after another.
_NEAR = (4.0, 9.0)
# Penalties look at so many of the last tokens, as llama.cpp's own default.
_PENALTY_WINDOW = 64
# Behind an even number of backslashes.
_HALVES = re.compile(
    r"(?<!\\)(?P<before>(?:\\\\)*)\\u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})"
)
# All other answers wait for a choice.
_LONGEST_PICK_S = 1.0


class LlamaSampler:
    """The choice of tokens for one answer. ValueError for a grammar that is none."""

    def __init__(self, vocabulary: object, size: int, sampling: Sampling) -> None:
        self._size = size
        self.is_greedy = _is_plain(sampling)
        self._grammar = _grammar(vocabulary, sampling)
        self._chain = None if self.is_greedy else _chain(size, sampling)
        self._candidates = np.zeros(0 if self.is_greedy else size, dtype=_CANDIDATE)
        self._best = _wanted(sampling)

    def pick(self, logits: NDArray[np.float32]) -> int:
        """Return the next token, and remember it. EngineError where a grammar allows none, or takes
        so long that other answers would wait for this one.
        """
        if self._chain is None:
            return int(logits.argmax())
        token = self._chosen(logits)
        if self._grammar is not None:
            began = time.perf_counter()
            if not self._allows(token):
                token = self._chosen(logits, self._grammar)
            llama_cpp.llama_sampler_accept(self._grammar, token)
            if time.perf_counter() - began > _LONGEST_PICK_S:
                message = "this JSON schema takes too long to follow: ask for less at once"
                raise EngineError(f"response_format: {message}.")
        llama_cpp.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        """Free the samplers."""
        for sampler in (self._chain, self._grammar):
            if sampler is not None:
                llama_cpp.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _chosen(self, logits: NDArray[np.float32], grammar: object | None = None) -> int:
        ids = None if grammar is not None else self._near(logits)
        if ids is None:
            ids = np.arange(self._size, dtype=np.int32)
        else:
            logits = logits[ids]
        candidates = self._candidates[: len(ids)]
        candidates["id"] = ids
        candidates["logit"] = logits
        candidates["p"] = 0
        array = _array(candidates)
        if grammar is not None:
            llama_cpp.llama_sampler_apply(grammar, ctypes.byref(array))
            if not np.isfinite(candidates["logit"]).any():
                # llama.cpp ends the process when it is told of a token that cannot be.
                message = "nothing can follow by this JSON schema: look at its patterns"
                raise EngineError(f"response_format: {message}.")
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _near(self, logits: NDArray[np.float32]) -> NDArray[np.int32] | None:
        """Return the tokens above a line, if the best that decide are among them; None if all are
        needed. The chain then chooses from dozens what it would choose from the vocabulary.
        """
        if not self._best:
            return None
        best = logits.max()
        for below in _NEAR:
            near = np.flatnonzero(logits > best - below)
            if len(near) >= self._best:
                return near.astype(np.int32)
        return None

    def _allows(self, token: int) -> bool:
        one = np.zeros(1, dtype=_CANDIDATE)
        one["id"], one["logit"] = token, 1.0
        llama_cpp.llama_sampler_apply(self._grammar, ctypes.byref(_array(one)))
        return bool(np.isfinite(one["logit"][0]))


def _array(candidates: NDArray[np.void]) -> llama_cpp.llama_token_data_array:
    data = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return llama_cpp.llama_token_data_array(
        data=data, size=len(candidates), selected=-1, sorted=False
    )


def _wanted(sampling: Sampling) -> int:
    """Return how many of the best candidates decide; 0 if it may be any.

    Penalties lower those in the window, so that as many others may come up; a bias, or a negative
    penalty, may raise any.
    """
    penalties = (sampling.repeat_penalty - 1, sampling.frequency_penalty, sampling.presence_penalty)
    if sampling.top_k <= 0 or sampling.logit_bias or min(penalties) < 0:
        return 0
    return sampling.top_k + (_PENALTY_WINDOW if any(penalties) else 0)


def _is_plain(sampling: Sampling) -> bool:
    return (
        sampling.temperature <= 0
        and not sampling.logit_bias
        and not (sampling.grammar or sampling.json_schema)
        and sampling.repeat_penalty == 1
        and not (sampling.frequency_penalty or sampling.presence_penalty)
    )


def _grammar(vocabulary: object, sampling: Sampling) -> object | None:
    text = sampling.grammar
    if sampling.json_schema is not None:
        text = _gbnf_of(sampling.json_schema)
    if text is None:
        return None
    check_grammar(text)
    grammar: object | None = llama_cpp.llama_sampler_init_grammar(
        vocabulary, text.encode(), b"root"
    )
    if not grammar:
        raise InvalidRequestError("grammar: llama.cpp cannot read it as GBNF.")
    return grammar


def _gbnf_of(schema: Mapping[str, object]) -> str:
    check_schema(schema)
    try:
        return _whole(str(json_schema_to_gbnf(json.dumps(schema))))
    except Exception as error:  # its converter raises whatever it stumbles over
        message = f"response_format: this JSON schema cannot be followed ({error})."
        raise InvalidRequestError(message) from error


def _whole(text: str) -> str:
    """Return a grammar whose characters beyond 16 bits are one each, not two halves."""

    def whole(match: re.Match[str]) -> str:
        halves = bytes.fromhex(match["high"] + match["low"])
        return f"{match['before']}\\U{ord(halves.decode('utf-16-be')):08x}"

    return _HALVES.sub(whole, text)


def _chain(size: int, sampling: Sampling) -> object:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    parts = [
        llama_cpp.llama_sampler_init_penalties(
            size,
            _PENALTY_WINDOW,
            sampling.repeat_penalty,
            sampling.frequency_penalty,
            sampling.presence_penalty,
        )
    ]
    if sampling.logit_bias:
        biases = (llama_cpp.llama_logit_bias * len(sampling.logit_bias))(
            *[llama_cpp.llama_logit_bias(token, bias) for token, bias in sampling.logit_bias]
        )
        parts.append(llama_cpp.llama_sampler_init_logit_bias(size, len(biases), biases))
    if sampling.temperature <= 0:
        parts.append(llama_cpp.llama_sampler_init_greedy())
    else:
        seed = sampling.seed if sampling.seed is not None else secrets.randbits(32)
        parts += [
            llama_cpp.llama_sampler_init_top_k(sampling.top_k),
            llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
            llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1),
            llama_cpp.llama_sampler_init_temp(sampling.temperature),
            llama_cpp.llama_sampler_init_dist(seed & 0xFFFFFFFF),
        ]
    for part in parts:
        llama_cpp.llama_sampler_chain_add(chain, part)
    return chain
