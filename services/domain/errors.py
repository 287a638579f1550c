"""Every way in which Footnote says no, in one tree; HTTP meanings stand in `services.api`."""


class HouseError(Exception):
    """An expected failure: its message is one line for a person and names the mend."""

    code = "failed"
    retry_after_s: int | None = None


class InvalidRequestError(HouseError):
    """The request is well formed but asks for something impossible."""

    code = "invalid_request"


class ContextLengthError(InvalidRequestError):
    """Prompt and answer are longer than the model can read."""

    code = "context_length_exceeded"


class UnauthenticatedError(HouseError):
    """No key, or a key that nobody holds."""

    code = "unauthenticated"


class ForbiddenError(HouseError):
    """The key is known but may not do this."""

    code = "forbidden"


class NotFoundError(HouseError):
    """It does not exist, or the one who asks may not know that it does."""

    code = "not_found"


class DocumentNotFoundError(NotFoundError):
    """No such document within the Scope."""

    code = "document_not_found"

    def __init__(self, document_id: str) -> None:
        super().__init__(f"There is no document {document_id!r} that you may read.")


class CollectionNotFoundError(NotFoundError):
    """No such collection within the Scope."""

    code = "collection_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no collection {name!r} that you may use.")


class AnswerNotFoundError(NotFoundError):
    """No such answer within the Scope."""

    code = "answer_not_found"

    def __init__(self, answer_id: str) -> None:
        super().__init__(f"There is no answer {answer_id!r} that you may read.")


class KeyNotFoundError(NotFoundError):
    """No such key."""

    code = "key_not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id!r}.")


class ConflictError(HouseError):
    """It exists already, or its state does not allow this."""

    code = "conflict"


class TooLargeError(HouseError):
    """More bytes, characters or tokens than a limit allows."""

    code = "too_large"


class UnsupportedTypeError(HouseError):
    """A file whose type Footnote does not read, or whose content belies its name."""

    code = "unsupported_type"


class UnreadableError(HouseError):
    """A file that cannot be turned into text; `code` says which way."""

    code = "unreadable"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BusyError(HouseError):
    """No room for one more question right now."""

    code = "busy"
    retry_after_s = 2


class NotReadyError(HouseError):
    """The service starts, drains, or lacks something that comes back."""

    code = "not_ready"
    retry_after_s = 2


class DeadlineError(HouseError):
    """The answer did not come within the asked time."""

    code = "deadline"


class CancelledError(HouseError):
    """The one who asked has left."""

    code = "cancelled"


class StorageFullError(HouseError):
    """The disk is full: questions go on, writes wait."""

    code = "storage_full"
    retry_after_s = 30


class SettingsError(HouseError):
    """A setting is unknown, out of bounds, or contradicts another."""

    code = "settings"


class ModelFileError(HouseError):
    """A model file is absent or not the one that was pinned."""

    code = "model_file"


class DamagedStoreError(HouseError):
    """The registry's own file is damaged: nothing starts on it."""

    code = "damaged_store"


class BackupError(HouseError):
    """A backup cannot be made of this folder, or restored into it."""

    code = "backup"


class DataInUseError(HouseError):
    """Another process holds the data folder."""

    code = "data_in_use"


class DamagedGenerationError(HouseError):
    """A derived index file does not match its checksum: it is built again."""

    code = "damaged_generation"


class EngineError(HouseError):
    """The generator's engine failed at this answer; the next one may go well."""

    code = "engine"
    retry_after_s = 2
