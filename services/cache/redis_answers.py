"""Answers kept in Redis, for all processes that share it. Redis is not believed: each value is
signed together with its key, and one that is not as it was written is one that is not there.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeVar

import redis
import structlog
from typing_extensions import override

from services.breaker import Breaker
from services.cache import AnswerKey, AnswerStore

log = structlog.get_logger("cache")

_PREFIX = "footnote:answer:"
_DIGEST = hashlib.sha256
_SIGNATURE_BYTES = _DIGEST().digest_size
_MOST_BYTES = 1 << 20
# Nobody should feel a Redis that is slow, frozen or gone: it is left alone for a while.
_PATIENCE_S = 0.1
_LEFT_ALONE_S = 5.0
_Told = TypeVar("_Told")


class RedisAnswers(AnswerStore):
    """Keeps answers for *seconds*. *secret* signs them: who can write to Redis but does not know it
    can make no answer.
    """

    def __init__(self, url: str, secret: str, seconds: int) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
            retry=None,
        )
        self._secret = _DIGEST(b"answers:" + secret.encode()).digest()
        self._seconds = seconds
        self._breaker = Breaker(_LEFT_ALONE_S)
        # What was to be forgotten while Redis did not answer goes before it is asked for anything.
        self._owes = False

    @property
    @override
    def is_left_alone(self) -> bool:
        return self._breaker.is_open

    @override
    def find(self, key: AnswerKey) -> bytes | None:
        found = self._tried(lambda: self._redis.get(_PREFIX + key.digest))
        if not isinstance(found, bytes) or len(found) > _MOST_BYTES:
            return None
        signature, value = found[:_SIGNATURE_BYTES], found[_SIGNATURE_BYTES:]
        return value if hmac.compare_digest(signature, self._signed(key, value)) else None

    @override
    def keep(self, key: AnswerKey, value: bytes) -> None:
        if len(value) + _SIGNATURE_BYTES <= _MOST_BYTES:
            kept = self._signed(key, value) + value
            self._tried(lambda: self._redis.set(_PREFIX + key.digest, kept, ex=self._seconds))

    @override
    def forget(self) -> None:
        self._owes = True
        self._tried(lambda: None)

    def _unlinked(self) -> None:
        names = list(self._redis.scan_iter(f"{_PREFIX}*", count=1000))
        if names:
            self._redis.unlink(*names)
        self._owes = False

    def _signed(self, key: AnswerKey, value: bytes) -> bytes:
        return hmac.digest(self._secret, key.digest.encode() + value, _DIGEST)

    def _tried(self, call: Callable[[], _Told]) -> _Told | None:
        if self.is_left_alone:
            return None
        try:
            if self._owes:
                self._unlinked()
            return call()
        except (redis.RedisError, OSError) as error:
            self._breaker.failed()
            log.warning("Redis does not answer: answers are not kept for now", reason=str(error))
            return None
