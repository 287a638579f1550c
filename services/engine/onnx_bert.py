"""A BERT from its folder of safetensors as a graph for ONNX Runtime, one text at a time.

Devlin et al. 2019, https://arxiv.org/abs/1810.04805. Alone a text needs no filling and no mask, and
its vector does not depend on what is embedded beside it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from safetensors.numpy import load_file

from services.engine.bert_shape import WORDS, BertShape
from services.engine.onnx_choice import Products
from services.engine.onnx_graph import OnnxGraph
from services.engine.onnx_products import Weights, add_product

Numbers: TypeAlias = NDArray[np.float32]
BertWeights: TypeAlias = dict[str, Numbers]


def bert_weights(folder: Path) -> BertWeights:
    """Return the weights of the BERT in *folder*, by their names there."""
    return load_file(folder / "model.safetensors")


def bert_model(
    weights: BertWeights,
    shape: BertShape,
    products: Products,
    reaches: Mapping[str, Numbers],
    projection: Numbers | None,
) -> ModelProto:
    """Return a model from `ids`, int64 of shape (tokens,), to `vector`, float32 of shape
    (1, dimension) and unit length; with a *projection* of shape (dimension, width) also to
    `tokens`, int8 of shape (tokens, width), rows of unit length times 127. *reaches* are how far
    the inputs of products go, by the outputs of `watched_bert`.
    """
    return _Bert(weights, shape, products, reaches).model(projection)


def watched_bert(weights: BertWeights, shape: BertShape) -> ModelProto:
    """Return a model from `ids` to how far each input of products goes that comes from a norm,
    float32 of shape (dimension,), one output for each.
    """
    return _Bert(weights, shape, "exact", {}).watched()


class _Bert:
    """Adds one part after the other to a graph."""

    def __init__(
        self,
        weights: BertWeights,
        shape: BertShape,
        products: Products,
        reaches: Mapping[str, Numbers],
    ) -> None:
        self._weights, self._shape = weights, shape
        self._products, self._reaches = products, reaches
        self._graph = OnnxGraph()
        self._normed_inputs: dict[str, str] = {}

    def model(self, projection: Numbers | None) -> ModelProto:
        """Return the graph from ids to a vector and tokens."""
        found = self._encoded()
        self._vector(found)
        outputs: dict[str, int] = {"vector": TensorProto.FLOAT}
        if projection is not None:
            self._tokens(found, projection)
            outputs["tokens"] = TensorProto.INT8
        return self._graph.model({"ids": TensorProto.INT64}, outputs)

    def watched(self) -> ModelProto:
        """Return the graph from ids to the reaches."""
        self._encoded()
        for name, found in self._normed_inputs.items():
            size = self._graph.apply("Abs", found)
            self._graph.apply("ReduceMax", size, self._graph.numbers(0), name=name, keepdims=0)
        outputs: dict[str, int] = dict.fromkeys(self._normed_inputs, TensorProto.FLOAT)
        return self._graph.model({"ids": TensorProto.INT64}, outputs)

    def _encoded(self) -> str:
        found = self._embeddings()
        for layer in range(self._shape.layers):
            found = self._layer(found, f"encoder.layer.{layer}")
        return found

    def _embeddings(self) -> str:
        graph, start = self._graph, "embeddings"
        words = graph.apply("Gather", self._constant(WORDS), "ids")
        places = self._weights[f"{start}.position_embeddings.weight"]
        # Every text is of the first type.
        places = places + self._weights[f"{start}.token_type_embeddings.weight"][0]
        zero = graph.numbers(0)
        row = graph.apply("Slice", graph.constant(places), zero, graph.apply("Shape", "ids"), zero)
        return self._normed(graph.apply("Add", words, row), f"{start}.LayerNorm")

    def _layer(self, found: str, name: str) -> str:
        attended = self._attention(found, f"{name}.attention.self")
        inner = f"{name}.attention.output"
        found = self._added(self._product(attended, [f"{inner}.dense"]), found, inner)
        wide = self._product(found, [f"{name}.intermediate.dense"], is_normed=True)
        bent = self._graph.apply("Gelu", wide)
        back = self._product(bent, [f"{name}.output.dense"], is_bent=True)
        return self._added(back, found, f"{name}.output")

    def _attention(self, found: str, name: str) -> str:
        graph = self._graph
        names = [f"{name}.{one}" for one in ("query", "key", "value")]
        joined = self._product(found, names, is_normed=True)
        first = graph.numbers(0)
        parts = graph.split(
            "Split",
            joined,
            names=[f"{name}.{one}" for one in ("q", "k", "v")],
            num_outputs=3,
            axis=-1,
        )
        rows = [graph.apply("Unsqueeze", part, first) for part in parts]
        attended = graph.apply("MultiHeadAttention", *rows, num_heads=self._shape.heads)
        return graph.apply("Squeeze", attended, first)

    def _product(
        self, found: str, names: list[str], *, is_normed: bool = False, is_bent: bool = False
    ) -> str:
        """Multiply by the weights of *names*, side by side, and add their biases."""
        if is_normed:
            self._normed_inputs[names[0]] = found
        weights = Weights(
            np.concatenate([self._weights[f"{name}.weight"] for name in names]).T,
            np.concatenate([self._weights[f"{name}.bias"] for name in names]),
            self._reaches.get(names[0]),
            is_bent,
        )
        return add_product(self._graph, found, weights, self._products)

    def _added(self, found: str, before: str, name: str) -> str:
        return self._normed(self._graph.apply("Add", found, before), f"{name}.LayerNorm")

    def _normed(self, found: str, name: str) -> str:
        # Faster than SkipLayerNormalization, of ONNX Runtime's own (measured: five times).
        parts = [self._constant(f"{name}.{one}") for one in ("weight", "bias")]
        epsilon = self._shape.epsilon
        return self._graph.apply("LayerNormalization", found, *parts, epsilon=epsilon)

    def _vector(self, found: str) -> None:
        graph, first = self._graph, self._graph.numbers(0)
        if self._shape.pooling == "mean":
            pooled = graph.apply("ReduceMean", found, first, keepdims=1)
        else:
            pooled = graph.apply("Gather", found, first, axis=0)
        graph.apply("LpNormalization", pooled, name="vector", axis=-1, p=2)

    def _tokens(self, found: str, projection: Numbers) -> None:
        graph = self._graph
        rows = graph.apply("LpNormalization", found, axis=-1, p=2)
        rows = graph.apply("MatMul", rows, graph.constant(projection))
        rows = graph.apply("LpNormalization", rows, axis=-1, p=2)
        scaled = graph.apply("Mul", rows, graph.constant(np.array(127, np.float32)))
        graph.apply("Cast", graph.apply("Round", scaled), name="tokens", to=TensorProto.INT8)

    def _constant(self, name: str) -> str:
        return self._graph.constant(self._weights[name])
