"""One llama.cpp model and its context, as the scheduler needs them: for one thread at a time.

In one pool of KV cells (`unified`) copying a prefix marks cells and moves nothing, but attention
passes over everybody's cells. With a pool a sequence (split) a copy moves bytes, and attention sees
only its own. The batch is filled through numpy arrays that llama.cpp reads where they are.
"""

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import structlog
from numpy.typing import NDArray

from services.domain.answers import Sampling
from services.domain.errors import EngineError, ModelFileError
from services.engine.batches import Row, apart
from services.engine.kv_states import refitted
from services.engine.llama_cpp_sampler import LlamaSampler
from services.engine.llama_cpp_weights import AS_FILED, rewritten
from services.engine.prefix_tree import Tokens

log = structlog.get_logger("engine")

KV_TYPES = {"f16": llama_cpp.GGML_TYPE_F16, "q8_0": llama_cpp.GGML_TYPE_Q8_0}
# Texts of passages come again and again: their tokens are kept.
_KEPT_TEXTS = 2048
_PIECE_BYTES = 256
_METADATA_BYTES = 1 << 14
# Tokens in a step: a GPU reads many at once, and wants them so.
_BATCH_CPU, _BATCH_GPU = 512, 2048
_MICRO_BATCH = 512


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """How a context is made: `cells` KV cells for all sequences, `gpu_layers` -1 for all layers.

    Split, each sequence has its part of the cells. `weights` says as what they are held
    (`llama_cpp_weights.py`), and `made` where they are kept so. `adapters` are LoRA files, for
    every answer.
    """

    cells: int
    sequences: int
    threads: int
    gpu_layers: int = 0
    kv_type: str = "f16"
    flash_attention: bool = True
    unified: bool = True
    weights: str = AS_FILED
    adapters: tuple[Path, ...] = ()
    made: Path | None = None


class LlamaContext:
    """A loaded model with room for *sequences* texts. `close` frees it.

    ModelFileError if llama.cpp cannot load the file, EngineError if the context does not fit.
    """

    # As what the weights are really held.
    weights: str

    def __init__(self, file: Path, options: ContextOptions) -> None:
        self._file = file
        self._model: object = None
        self._ctx: object = None
        self._load(options)
        self._pieces: dict[int, bytes] = {}
        # Rows of the last batch, by the index of the token that they follow.
        self._logits: dict[int, NDArray[np.float32]] = {}
        self._ends: dict[int, bool] = {}
        self.tokens = lru_cache(_KEPT_TEXTS)(self._tokenised)
        self.reopen(options)

    def reopen(self, options: ContextOptions) -> None:
        """Make an empty context in place of the present one; EngineError if it does not fit."""
        if self._ctx is not None:
            llama_cpp.llama_free(self._ctx)
            self._ctx = None
        if options.weights != self._wanted:
            llama_cpp.llama_model_free(self._model)
            self._model = None
            self._load(options)
        self._ctx = _opened(self._model, options)
        self._memory = llama_cpp.llama_get_memory(self._ctx)
        _adapt(self._ctx, self._adapters)
        self.capacity = int(llama_cpp.llama_n_ctx(self._ctx))
        self.is_unified = options.unified
        self.window = self.capacity if options.unified else self.capacity // options.sequences
        # llama.cpp keeps it below the cells.
        self.batch_tokens = int(llama_cpp.llama_n_batch(self._ctx))
        self.sequences = options.sequences
        self._threads = options.threads
        self._arrays = _BatchArrays(self.batch_tokens)
        self._empty_state = self.state(0)

    def _load(self, options: ContextOptions) -> None:
        self._wanted = options.weights
        self._model, self.weights = _held(self._file, options)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._adapters = _adapters(self._model, options.adapters)
        self.vocabulary_size = int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))

    @property
    def trained_context(self) -> int:
        """The longest text that the model was trained on, in tokens."""
        return int(llama_cpp.llama_model_n_ctx_train(self._model))

    @property
    def can_reuse(self) -> bool:
        """Say whether a prefix's KV may be cut anywhere: not with recurrent or sliding layers."""
        model = self._model
        return not (
            llama_cpp.llama_model_is_recurrent(model)
            or llama_cpp.llama_model_is_hybrid(model)
            or llama_cpp.llama_model_n_swa(model) > 0
        )

    def decode(self, rows: list[Row]) -> int:
        """Read *rows* in one batch; return llama.cpp's code: 0 done, 1 no room, 2 aborted,
        below 0 broken. It has been read when this returns: on a GPU `llama_decode` alone only
        begins, and whoever measures it would measure nothing.

        With a pool each, parts of prompts are read one after another (`apart` says why).
        """
        self._logits.clear()
        groups = [rows] if self.is_unified else apart(rows)
        first = 0
        for group in groups:
            self._arrays.fill(group)
            code = int(llama_cpp.llama_decode(self._ctx, self._arrays.batch))
            llama_cpp.llama_synchronize(self._ctx)
            if code != 0:
                return code
            self._keep(first, copied=len(groups) > 1)
            first += int(self._arrays.batch.n_tokens)
        return 0

    def _keep(self, first: int, *, copied: bool) -> None:
        """Remember where the logits of a batch's part lie; copied, they outlive the next part."""
        wanting = np.flatnonzero(self._arrays.wants[: self._arrays.batch.n_tokens])
        if len(wanting) == 0:
            return
        pointer = llama_cpp.llama_get_logits(self._ctx)
        rows = np.ctypeslib.as_array(pointer, (len(wanting), self.vocabulary_size))
        rows = rows.copy() if copied else rows
        self._logits.update(zip((wanting + first).tolist(), rows, strict=True))

    def logits(self, index: int) -> NDArray[np.float32]:
        """Return the logits at *index* of the last batch; valid until the next one."""
        return self._logits[index]

    def sampler(self, sampling: Sampling) -> LlamaSampler:
        """Return what picks the tokens of one answer; ValueError for a grammar that is none."""
        return LlamaSampler(self._vocabulary, self.vocabulary_size, sampling)

    def copy(self, source: int, target: int, end: int) -> None:
        """Let *target* hold the first *end* cells of *source* too."""
        if self.is_unified:
            llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, end)
            return
        # Between pools llama.cpp copies whole sequences only.
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self.remove(target, end)

    def remove(self, sequence: int, start: int = 0) -> None:
        """Let *sequence* go of its cells from *start* on."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1)

    def remove_until(self, sequence: int, end: int) -> None:
        """Let *sequence* go of its first *end* cells."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, 0, end)

    def clear(self) -> None:
        """Let all cells go."""
        llama_cpp.llama_memory_clear(self._memory, True)

    def state(self, sequence: int) -> bytes:
        """Return the KV of *sequence*, to be restored in a context of the same model and type."""
        size = int(llama_cpp.llama_state_seq_get_size(self._ctx, sequence))
        buffer = (ctypes.c_uint8 * size)()
        written = int(llama_cpp.llama_state_seq_get_data(self._ctx, buffer, size, sequence))
        return bytes(memoryview(buffer)[:written])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a state into *sequence*; False if there is no room for it."""
        state = refitted(state, self._empty_state)
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        read = llama_cpp.llama_state_seq_set_data(self._ctx, buffer, len(state), sequence)
        return int(read) > 0

    def piece(self, token: int) -> bytes:
        """Return a token's bytes; a control token has none."""
        found = self._pieces.get(token)
        if found is None:
            buffer = ctypes.create_string_buffer(_PIECE_BYTES)
            size = llama_cpp.llama_token_to_piece(
                self._vocabulary, token, buffer, _PIECE_BYTES, 0, False
            )
            found = self._pieces[token] = buffer.raw[: max(0, size)]
        return found

    def ends(self, token: int) -> bool:
        """Say whether *token* ends a text."""
        found = self._ends.get(token)
        if found is None:
            found = bool(llama_cpp.llama_vocab_is_eog(self._vocabulary, token))
            self._ends[token] = found
        return found

    def is_control(self, token: int) -> bool:
        """Say whether *token* is one of the template's marks."""
        return bool(llama_cpp.llama_vocab_is_control(self._vocabulary, token))

    def set_threads(self, threads: int) -> None:
        """Use so many threads from the next batch on."""
        if threads != self._threads:
            llama_cpp.llama_set_n_threads(self._ctx, threads, threads)
            self._threads = threads

    def close(self) -> None:
        """Free the context, the adapters and the model."""
        if self._ctx is not None:
            llama_cpp.llama_free(self._ctx)
        if self._model is not None:
            llama_cpp.llama_model_free(self._model)

    def _tokenised(self, text: str, *, trusted: bool) -> Tokens:
        data = text.encode()
        room = len(data) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(
            self._vocabulary, data, len(data), tokens, room, False, trusted
        )
        if count < 0:
            raise EngineError("The text could not be cut into tokens.")
        found: Tokens = np.ctypeslib.as_array(tokens)[:count].astype(np.int32)
        found.setflags(write=False)
        return found


def metadata(model: object, key: str) -> str:
    """Return a value of a model file's header as text, empty if it is not there."""
    buffer = ctypes.create_string_buffer(_METADATA_BYTES)
    size = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode(errors="replace") if size >= 0 else ""


def has_amx() -> bool:
    """Say whether this build of llama.cpp multiplies by AMX tiles, which is left unused: gcc drops
    the stores that fill their configuration, and the first text to be read would end the process
    (ggml-org/llama.cpp, issue 20824). Repacked weights go with them: a build without is faster.
    """
    return b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info()


def load_model(file: Path, gpu_layers: int, *, only_header: bool = False) -> object:
    """Return a model of llama.cpp, to be freed by the caller; ModelFileError if it will not load.

    *only_header* leaves the weights out.
    """
    _be_quiet()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    params.vocab_only = only_header
    params.use_extra_bufts = not has_amx()
    model = llama_cpp.llama_model_load_from_file(str(file).encode(), params)
    if model is None:
        message = f"{file.name} cannot be loaded by llama.cpp: it is damaged, or too new a format."
        raise ModelFileError(message)
    return model


def _held(file: Path, options: ContextOptions) -> tuple[object, str]:
    """Return the model with its weights as *options* want them, or else as they lie in the file;
    and as what they are held.
    """
    if options.weights == AS_FILED:
        return load_model(file, options.gpu_layers), AS_FILED
    _be_quiet()
    try:
        with rewritten(file, options.weights, options.threads, options.made) as held:
            return load_model(held, options.gpu_layers), options.weights
    except (EngineError, ModelFileError, OSError) as error:
        log.warning("weights stay as they lie in the file", reason=str(error))
        return load_model(file, options.gpu_layers), AS_FILED


def _opened(model: object, options: ContextOptions) -> object:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = options.cells
    params.n_batch = _BATCH_CPU if options.gpu_layers == 0 else _BATCH_GPU
    params.n_ubatch = min(params.n_batch, _MICRO_BATCH)
    params.n_seq_max = options.sequences
    params.n_threads = params.n_threads_batch = options.threads
    params.kv_unified = options.unified
    params.type_k = params.type_v = KV_TYPES[options.kv_type]
    params.flash_attn_type = (
        llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        if options.flash_attention
        else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    params.no_perf = True
    ctx = llama_cpp.llama_init_from_model(model, params)
    if ctx is None:
        message = (
            f"There is no memory for a context of {options.cells} tokens: "
            "set FOOTNOTE_KV_TOKENS lower, or FOOTNOTE_KV_TYPE=q8_0."
        )
        raise EngineError(message)
    return ctx


def _adapters(model: object, files: tuple[Path, ...]) -> list[Any]:
    adapters = []
    for file in files:
        adapter = llama_cpp.llama_adapter_lora_init(model, str(file).encode())
        # No adapter is a pointer to nothing.
        if not adapter:
            message = f"The adapter {file.name} does not fit the model."
            raise ModelFileError(message)
        adapters.append(adapter)
    return adapters


def _adapt(ctx: object, adapters: list[Any]) -> None:
    if adapters:
        pointers = (llama_cpp.llama_adapter_lora_p_ctypes * len(adapters))(*adapters)
        scales = (ctypes.c_float * len(adapters))(*[1.0] * len(adapters))
        llama_cpp.llama_set_adapters_lora(ctx, pointers, len(adapters), scales)


class _BatchArrays:
    """The arrays of a llama.cpp batch, as numpy's; each row belongs to one sequence."""

    def __init__(self, size: int) -> None:
        self.token = np.zeros(size, dtype=np.int32)
        self.position = np.zeros(size, dtype=np.int32)
        self.sequence = np.zeros(size, dtype=np.int32)
        self.wants = np.zeros(size, dtype=np.int8)
        self._counts = np.ones(size, dtype=np.int32)
        first = self.sequence.ctypes.data
        self._sequences = (first + 4 * np.arange(size)).astype(np.uintp)
        self.batch = llama_cpp.llama_batch(
            n_tokens=0,
            token=_pointer(self.token, ctypes.c_int32),
            embd=None,
            pos=_pointer(self.position, ctypes.c_int32),
            n_seq_id=_pointer(self._counts, ctypes.c_int32),
            seq_id=_pointer(self._sequences, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self.wants, ctypes.c_int8),
        )

    def fill(self, rows: list[Row]) -> None:
        """Lay *rows* one after another."""
        sizes = [len(row.tokens) for row in rows]
        ends = np.cumsum(sizes)
        total = int(ends[-1])
        starts = np.array([row.start for row in rows]) - ends + sizes
        np.concatenate([row.tokens for row in rows], out=self.token[:total])
        self.position[:total] = np.arange(total) + np.repeat(starts, sizes)
        self.sequence[:total] = np.repeat([row.sequence for row in rows], sizes)
        # Counted from the end of its row, a token that wants logits is among the last.
        left = np.repeat(ends, sizes) - np.arange(total)
        self.wants[:total] = left <= np.repeat([row.outputs for row in rows], sizes)
        self.batch.n_tokens = total


def _pointer(array: NDArray[np.generic], kind: Any) -> Any:  # noqa: ANN401 - ctypes has no types
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(_level: int, _text: bytes, _data: object) -> None:
    """Keep llama.cpp's chatter off the log: what matters comes back as codes."""


def _be_quiet() -> None:
    llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))


def supports_gpu() -> bool:
    """Say whether this build of llama.cpp can put layers on a GPU."""
    return bool(llama_cpp.llama_supports_gpu_offload())
