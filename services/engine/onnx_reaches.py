"""How far the numbers inside a BERT go: measured on a few texts, as every text has them.

The same few columns go far in all texts, mostly at marks: eight bits must be shared out by that.
"""

import numpy as np

from services.engine.bert_shape import WORDS, BertShape
from services.engine.onnx_bert import BertWeights, Numbers, watched_bert
from services.engine.onnx_session import cpu_session
from services.engine.text_tokens import TextTokens

_TEXTS = (
    "Every employee has 23 days of paid leave a year; what is not taken by 31 March is lost.",
    "What is the warranty period of the pump, and who pays for shipping?",
    "Table 4. Net sales (in millions): 2023 $4,512.7; 2022 $4,198.3; change 7.5 %.",
    "def open_index(path: str, device: str = 'cpu') -> Index:  # raises IndexError if absent",
    "Of 214 patients (p = 0.42) those died less often whose treatment began before day five.",
    "Founded in 1871 in Hamburg, it moved to Rotterdam, where Maria van der Berg led it for long.",
    "每位员工每年有23天带薪年假，未在3月31日前休完的年假作废。",
)


def measured_reaches(
    weights: BertWeights, shape: BertShape, tokens: TextTokens
) -> dict[str, Numbers]:
    """Return the greatest size of each input of products, shape (dimension,), by the product's name
    in `watched_bert`.
    """
    rows = tokens.ids(_TEXTS)
    # The words of these texts alone: the whole table is half of a small model.
    used = np.unique(np.concatenate(rows))
    watched = watched_bert({**weights, WORDS: weights[WORDS][used]}, shape)
    session = cpu_session(watched.SerializeToString())
    found = [session.run(None, {"ids": np.searchsorted(used, row)}) for row in rows]
    names = [one.name for one in session.get_outputs()]
    return {name: np.max([one[i] for one in found], axis=0) for i, name in enumerate(names)}
