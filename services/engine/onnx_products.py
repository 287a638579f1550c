"""Products of a graph in eight bits, as exact as fast ones can be."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.engine.onnx_choice import Products
from services.engine.onnx_graph import OnnxGraph

Numbers: TypeAlias = NDArray[np.float32]

_BLOCK_LARGEST, _BLOCK_LEAST = 128, 32
# What of a column's reach is taken over by its weights (measured: 0.5 to 0.65 are best).
_ALPHA = 0.65
_LEAST = 1e-3
# No number behind GELU is below -0.17; with more than that above, its rows are of one size each.
_BEND = 0.17


@dataclass(frozen=True, slots=True)
class Weights:
    """What is multiplied by: *matrix* of shape (inputs, outputs), *bias* of shape (outputs,).

    *reach* says how far each input goes, if that is known. *is_bent*: inputs come from GELU.
    """

    matrix: Numbers
    bias: Numbers
    reach: Numbers | None
    is_bent: bool


def add_product(graph: OnnxGraph, found: str, weights: Weights, products: Products) -> str:
    """Add the product of *found* with *weights* to *graph*; return its name."""
    if products == "exact":
        exact = graph.apply("MatMul", found, graph.constant(weights.matrix))
        return graph.apply("Add", exact, graph.constant(weights.bias))
    if products == "blocks":
        return _in_blocks(graph, found, weights)
    return (
        _by_rows(graph, found, weights) if weights.is_bent else _by_columns(graph, found, weights)
    )


def _in_blocks(graph: OnnxGraph, found: str, weights: Weights) -> str:
    inputs, outputs = weights.matrix.shape
    block = _BLOCK_LARGEST if inputs % _BLOCK_LARGEST == 0 else _BLOCK_LEAST
    rows = weights.matrix.T.reshape(outputs, inputs // block, block)
    scales = np.maximum(np.abs(rows).max(axis=2, keepdims=True), np.finfo(np.float32).tiny) / 127
    return graph.apply(
        "MatMulNBits",
        found,
        # Zero is 128 where no zero is given.
        graph.constant((np.round(rows / scales) + 128).astype(np.uint8)),
        graph.constant(scales[:, :, 0].astype(np.float32)),
        "",
        "",
        graph.constant(weights.bias),
        K=inputs,
        N=outputs,
        bits=8,
        block_size=block,
        accuracy_level=4,  # the other side in eight bits, too
    )


def _by_rows(graph: OnnxGraph, found: str, weights: Weights) -> str:
    """Multiply rows that are brought to one size before: a few go much farther than all others."""
    largest = graph.apply("ReduceMax", found, graph.numbers(-1), keepdims=1)
    size = graph.apply("Max", largest, graph.constant(np.array(_BEND, np.float32)))
    product = _quantized(graph, graph.apply("Div", found, size), weights.matrix)
    return graph.apply("Add", graph.apply("Mul", product, size), graph.constant(weights.bias))


def _by_columns(graph: OnnxGraph, found: str, weights: Weights) -> str:
    """Multiply; columns that go far leave some of that to the weights."""
    matrix = weights.matrix
    if weights.reach is not None:
        # SmoothQuant, https://arxiv.org/abs/2211.10438, equation 4.
        largest = np.maximum(np.abs(matrix).max(axis=1), _LEAST)
        share = np.maximum(weights.reach, _LEAST) ** _ALPHA / largest ** (1 - _ALPHA)
        found = graph.apply("Mul", found, graph.constant((1 / share).astype(np.float32)))
        matrix = matrix * share[:, None]
    return _quantized(graph, found, matrix, graph.constant(weights.bias))


def _quantized(graph: OnnxGraph, found: str, matrix: Numbers, *bias: str) -> str:
    scales = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / 127
    return graph.apply(
        "DynamicQuantizeMatMul",
        found,
        graph.constant(np.round(matrix / scales).astype(np.int8)),
        graph.constant(scales.astype(np.float32)),
        graph.constant(np.zeros(len(scales), np.int8)),
        *bias,
    )
