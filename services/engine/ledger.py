"""The memory ledger: what a model needs before it is loaded, and what fits into what is there.

KV bytes a token = layers x KV heads x (key + value length) x bytes a value (llama.cpp's cache
layout). The compute buffer is bounded by the logits and the widest activation of one micro-batch,
and without flash attention by the scores of each of its tokens with each of the window's.
"""

from dataclasses import dataclass

# Bytes a value: q8_0 has 32 values and one half-precision scale in 34 bytes.
KV_BYTES = {"f16": 2.0, "q8_0": 34 / 32}
_FLOAT = 4
# Activations that are alive at once in a layer, in widths of the model; measured generously.
_ALIVE = 8
# Answers are never given more than this part of free memory for their KV.
_KV_SHARE = 8
# Sequences beyond the answers', for branches that rest: cheap in one pool, a part each if split.
_RESTING_UNIFIED = 48
_RESTING_SPLIT = 4
_FEWEST_SPLIT = 6
_MOST_WINDOWS = 8


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a GGUF file decides how much memory it takes; `weights` in bytes.

    `file_type` is llama.cpp's number for how the weights lie in the file.
    """

    weights: int
    layers: int
    kv_heads: int
    head_length: int
    width: int
    vocabulary: int
    trained_context: int
    heads: int = 0
    parameters: int = 0
    file_type: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the settings ask for; None or 0 leaves it to the ledger.

    `answers` at once, each of a *window* of tokens; `kv_type` may be auto until the probe has
    spoken; `flash` attention needs no room for scores; `gpu_layers` None: as many as fit.
    """

    answers: int
    window: int
    kv_type: str = "f16"
    kv_tokens: int = 0
    pool: str = "auto"
    gpu_layers: int | None = None
    flash: bool = True


@dataclass(frozen=True, slots=True)
class Memory:
    """Free bytes of the host and of the GPU that layers may go to; 0: there is none."""

    host: int
    gpu: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How the model will be run, and what each part takes in bytes."""

    window: int
    cells: int
    sequences: int
    unified: bool
    gpu_layers: int
    weights: int
    kv: int
    compute: int

    @property
    def total(self) -> int:
        """All of it together."""
        return self.weights + self.kv + self.compute


def kv_token_bytes(shape: ModelShape, kv_type: str) -> int:
    """Return the bytes of one token's keys and values in all layers."""
    values = shape.layers * shape.kv_heads * 2 * shape.head_length
    return int(values * KV_BYTES[kv_type])


def compute_bytes(shape: ModelShape, micro_batch: int) -> int:
    """Return an upper bound of the buffers for one micro-batch."""
    return micro_batch * (shape.vocabulary + _ALIVE * shape.width) * _FLOAT


def score_bytes(shape: ModelShape, cells: int, micro_batch: int = 512) -> int:
    """Return the buffer for every head's scores of one micro-batch with *cells* tokens, before and
    after the softmax: an upper bound (measured: 1.46 times one of the two).
    """
    return 2 * shape.heads * cells * micro_batch * _FLOAT


def plan(shape: ModelShape, wish: Wish, memory: Memory, micro_batch: int = 512) -> Plan:
    """Fit window, cells, sequences and layers to the memory that is free.

    On a GPU the cells go where the layers are, in one pool, which shares what prompts have in
    common. On a CPU attention over everybody's cells costs more than the copies of prefixes do
    (`docs/engine.md` has the figures), so each sequence has its own pool where there is room.
    """
    token = kv_token_bytes(shape, wish.kv_type)
    on_gpu = memory.gpu > 0 and wish.gpu_layers != 0
    budget = (memory.gpu if on_gpu else memory.host) // _KV_SHARE
    window = min(wish.window, shape.trained_context or wish.window)
    unified, sequences, cells = _pool(wish, window, budget // token, on_gpu=on_gpu)
    compute = compute_bytes(shape, micro_batch)
    if not wish.flash:
        compute += score_bytes(shape, cells if unified else window, micro_batch)
    layers = _layers(shape, wish, memory.gpu - cells * token - compute) if on_gpu else 0
    return Plan(window, cells, sequences, unified, layers, shape.weights, cells * token, compute)


def _pool(wish: Wish, window: int, room: int, *, on_gpu: bool) -> tuple[bool, int, int]:
    """Return whether the pool is one, how many sequences it has, and its cells."""
    most = wish.kv_tokens or room
    split = min(wish.answers + _RESTING_SPLIT, most // window)
    enough = split >= min(_FEWEST_SPLIT, wish.answers + _RESTING_SPLIT)
    if wish.pool == "split" or (wish.pool == "auto" and enough and not on_gpu):
        return False, max(2, split), max(2, split) * window
    cells = wish.kv_tokens or min(max(most, window), _MOST_WINDOWS * window)
    return True, wish.answers + _RESTING_UNIFIED, max(cells, window)


def _layers(shape: ModelShape, wish: Wish, free: int) -> int:
    """Return how many layers go to the GPU; llama.cpp counts the output layer as one more."""
    if wish.gpu_layers is not None:
        return wish.gpu_layers
    each = shape.weights / (shape.layers + 1)
    return max(0, min(shape.layers + 1, int(free / each)))
