"""A BERT written as the graph that ONNX Runtime runs."""

from pathlib import Path

from services.engine.bert_shape import BertShape
from services.engine.onnx_bert import bert_model, bert_weights
from services.engine.onnx_choice import Products
from services.engine.onnx_reaches import measured_reaches
from services.engine.text_tokens import tokens_of
from services.engine.token_projection import token_projection


def write_bert(target: Path, folder: Path, shape: BertShape, products: Products, name: str) -> None:
    """Write the BERT in *folder*, of the model called *name*, to the file *target*.

    Takes most of a second for 22 million weights.
    """
    weights = bert_weights(folder)
    fast = products == "fast"
    reaches = measured_reaches(weights, shape, tokens_of(folder, shape)) if fast else {}
    model = bert_model(weights, shape, products, reaches, token_projection(name))
    target.write_bytes(model.SerializeToString())
