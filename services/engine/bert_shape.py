"""What is to know of a BERT before its weights are read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import safe_open

_MODULES = ["Transformer", "Pooling", "Normalize"]
_NAMED = {"model_type": "bert", "hidden_act": "gelu"}
_SAFE_TENSORS = {"F32"}
# A row of products' weights is cut into blocks of 32 numbers at least.
_BLOCK = 32
WORDS = "embeddings.word_embeddings.weight"

Pooling = Literal["mean", "first"]


@dataclass(frozen=True, slots=True)
class BertShape:
    """What is to know of a BERT beside its weights; `max_tokens` is where texts are cut."""

    dimension: int
    layers: int
    heads: int
    epsilon: float
    max_tokens: int
    pooling: Pooling


def bert_shape(folder: Path) -> BertShape | None:
    """Return the shape of the sentence-transformers model in *folder*; None where it is no BERT of
    which every part is known here.
    """
    config = _read(folder / "config.json")
    pooling = _pooling(folder)
    if pooling is None or not (folder / "tokenizer.json").exists() or not _is_plain(folder, config):
        return None
    return BertShape(
        dimension=int(config["hidden_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
        max_tokens=_max_tokens(folder, int(config["max_position_embeddings"])),
        pooling=pooling,
    )


def _is_plain(folder: Path, config: dict[str, Any]) -> bool:
    """Say whether nothing but a BERT is there: no prompts, no other positions, no casing."""
    prompts = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
    return (
        all(config.get(name) == value for name, value in _NAMED.items())
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not any(prompts.values())
        and not _read(folder / "sentence_bert_config.json").get("do_lower_case")
        and all(config[name] % _BLOCK == 0 for name in ("hidden_size", "intermediate_size"))
        and _has_plain_weights(folder / "model.safetensors")
    )


def _has_plain_weights(file: Path) -> bool:
    if not file.exists():
        return False
    with safe_open(file, "numpy") as weights:
        names = [name for name in weights.keys() if "position_ids" not in name]  # noqa: SIM118
        kinds = {weights.get_slice(name).get_dtype() for name in names}
    return kinds == _SAFE_TENSORS and WORDS in names


def _max_tokens(folder: Path, positions: int) -> int:
    """Return where texts are cut, by the file that says so: older releases of the library wrote the
    one, newer ones write the other.
    """
    cut = _read(folder / "sentence_bert_config.json").get("max_seq_length")
    cut = cut or _read(folder / "tokenizer_config.json").get("model_max_length")
    return min(int(cut or positions), positions)


def _pooling(folder: Path) -> Pooling | None:
    if not (folder / "modules.json").exists():
        return None
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kinds = [one["type"].rpartition(".")[2] for one in modules]
    if kinds not in (_MODULES, _MODULES[:2]):
        return None
    told = _read(folder / modules[1]["path"] / "config.json")
    on = {name.removeprefix("pooling_mode_") for name, value in told.items() if value is True}
    on |= {f"{told['pooling_mode']}_tokens"} if isinstance(told.get("pooling_mode"), str) else set()
    on &= {"cls_token", "cls_tokens", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"}
    if on == {"mean_tokens"}:
        return "mean"
    return "first" if on and on <= {"cls_token", "cls_tokens"} else None


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told
