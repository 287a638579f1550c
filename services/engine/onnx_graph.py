"""Nodes and constants of an ONNX graph, named as they come."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

# ONNX Runtime's own operators beside those of the standard
# (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
_OWN = "com.microsoft"
_OPERATORS = {
    "DynamicQuantizeMatMul",
    "Gelu",
    "MatMulNBits",
    "MultiHeadAttention",
    "SkipLayerNormalization",
}
_OPSET, _IR = 21, 10


class OnnxGraph:
    """A graph that grows from its inputs; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, values: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def numbers(self, *values: int) -> str:
        """Add a row of whole numbers, as axes and positions are given."""
        return self.constant(np.array(values, np.int64))

    def apply(self, operator: str, *inputs: str, name: str | None = None, **given: float) -> str:
        """Add a node with one output; return its name: *name*, or one of its own."""
        names = [name or f"value_{len(self._nodes)}"]
        return self.split(operator, *inputs, names=names, **given)[0]

    def split(self, operator: str, *inputs: str, names: list[str], **given: float) -> list[str]:
        """Add a node with the outputs *names*."""
        domain = _OWN if operator in _OPERATORS else ""
        name = f"node_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, names, name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in given.items())
        self._nodes.append(node)
        return names

    def model(self, inputs: dict[str, int], outputs: dict[str, int]) -> ModelProto:
        """Return the whole, with the element type of each input and output (`TensorProto`)."""
        given = [helper.make_tensor_value_info(name, kind, ["n"]) for name, kind in inputs.items()]
        made = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
        graph = helper.make_graph(self._nodes, "footnote", given, made, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_OWN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
