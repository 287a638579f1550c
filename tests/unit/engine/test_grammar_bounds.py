"""Grammars that would end the process are refused before llama.cpp sees them."""

import json

import pytest
from llama_cpp.llama_grammar import json_schema_to_gbnf

from services.domain.errors import InvalidRequestError
from services.engine.grammar_bounds import check_grammar, check_schema


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "string", "maxLength": 20_000}, "maxLength"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1e9}, "maxItems"),
        ({"type": "string", "maxLength": float("nan")}, "maxLength"),
        ({"type": "string", "maxLength": 10**400}, "maxLength"),
        ({"properties": {str(i): {"maxLength": 900} for i in range(9)}}, "5000 in all"),
        ({"enum": [str(i) for i in range(3000)]}, "too large"),
        ({"pattern": "^((((a{0,30}){0,9}){0,5}){0,5})$"}, "repeats repetitions"),
        ({"pattern": "a" * 5000}, "repeats repetitions"),
        ({"const": "a\0b"}, "character zero"),
        ({"properties": {str(i): {} for i in range(300)}}, "as required"),
        (nested(200), "too large"),
        (nested(100_000), "too large"),
    ],
)
def test_a_schema_that_asks_for_too_much_is_refused(schema: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        check_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "string", "maxLength": 1000}',
        '{"type": "array", "items": {"type": "string", "maxLength": 1000}, "maxItems": 900}',
        '{"type": "object", "properties": {"name": {"type": "string"}, "age": {"enum": [1, 2]}}}',
        '{"enum": ["(", ")", "[", "{9000}"]}',
        '{"type": "string", "pattern": "^(\\\\d{1,3}\\\\.){3}\\\\d{1,3}$"}',
        '{"type": "string", "pattern": "^([a-z]+ ){1,40}[(]?$"}',
    ],
)
def test_what_people_ask_for_is_not(schema: str) -> None:
    check_schema(json.loads(schema))
    check_grammar(str(json_schema_to_gbnf(schema)))


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= "a"{9000}',
        'root ::= ("a"{100} "b"){200}',
        'root ::= "a"{' + "9" * 6000 + "}",
        "root ::= " + "(" * 5000 + '"a"' + ")?" * 5000,
        'one ::= "a"\nroot ::= ' + '"b" ' * 9000,
    ],
)
def test_a_rule_that_is_too_long_or_deep_written_out_is_refused(grammar: str) -> None:
    with pytest.raises(InvalidRequestError, match="too much"):
        check_grammar(grammar)
