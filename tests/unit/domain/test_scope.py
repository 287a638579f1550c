"""What a Scope lets one find."""

import pytest

from services.domain.errors import CollectionNotFoundError, ForbiddenError
from services.domain.scope import CollectionRole, Role, Scope

READER = Scope("key:a", (CollectionRole("c1", "open", Role.READ),))


def test_a_role_holds_the_ones_before_it() -> None:
    assert Role.WRITE.covers(Role.ASK)
    assert not Role.READ.covers(Role.WRITE)


def test_a_collection_that_is_not_held_does_not_exist() -> None:
    with pytest.raises(CollectionNotFoundError):
        READER.collection("secret", Role.ASK)


def test_too_small_a_role_in_a_known_collection_is_told_as_such() -> None:
    with pytest.raises(ForbiddenError):
        READER.collection("open", Role.WRITE)


def test_narrowing_keeps_only_what_was_named() -> None:
    wide = Scope("k", (*READER.roles, CollectionRole("c2", "other", Role.ASK)))

    narrow = wide.narrowed(["other", "other"])

    assert narrow.holding(Role.ASK) == {"c2"}
    assert wide.narrowed(None) is wide


def test_everywhere_counts_for_collections_to_come() -> None:
    owner = Scope("key:owner", (), Role.ADMIN)

    assert owner.may_everywhere(Role.WRITE)
    assert not READER.may_everywhere(Role.ASK)
