"""What may be stored."""

import pytest

from services.api.checks import check_storable
from services.domain.errors import InvalidRequestError


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [33, 300, 100_000])
def test_what_is_nested_too_deep_to_be_shown_again_is_refused(depth: int) -> None:
    with pytest.raises(InvalidRequestError, match="within each other"):
        check_storable({"a": [nested(depth)]}, "metadata")


def test_what_people_nest_is_not() -> None:
    check_storable({"a": [nested(20)], "b": [1, None, "x"]}, "metadata")
