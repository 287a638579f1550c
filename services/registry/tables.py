"""The schema, the same on SQLite and Postgres; `migrations` brings a database to it."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows by themselves only in a plain INTEGER key.
Number = BigInteger().with_variant(Integer, "sqlite")

collections = Table(
    "collections",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("instructions", Text, nullable=False),
    Column("defaults", JSON, nullable=False),
    Column("created_at", String(40), nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("collection_id", ForeignKey("collections.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("bytes", Number, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("blob_sha256", String(64), nullable=False, index=True),
    Column("blob_offset", Number, nullable=False),
    Column("status", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("error_code", String(60)),
    Column("error_message", Text),
    Column("pages", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("grade", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("batch", String(40)),
    Column("attempts", Integer, nullable=False),
    # Seconds since the epoch until which a worker owns the document, or its message may be waited
    # for; past that the sweeper sends it again.
    Column("lease_until", Number, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("ready_at", String(40)),
    # Its collection, or a compartment of it: who may read the document. Passages say the same.
    Column("segment_id", String(60), nullable=False, server_default=""),
    Column("readers", JSON),
    # The versions of its place, by id, that go when it is ready: those that its uploader could see.
    Column("replaces", JSON, nullable=False, server_default="[]"),
    # Who sent it: what one has sent oneself, one may replace, though others alone may read it.
    Column("uploader", String(300), nullable=False, server_default=""),
    Index(None, "collection_id", "source_id"),
    Index(None, "collection_id", "sha256"),
    # Pages of a listing are read in the order of these; counts from the one below alone.
    Index(None, "batch", "collection_id", "number"),
    Index(None, "collection_id", "number"),
    Index(None, "collection_id", "status", "segment_id"),
    Index(None, "status", "lease_until"),
    sqlite_autoincrement=True,
)

# Documents of a collection with the same readers of their own.
compartments = Table(
    "compartments",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("collection_id", ForeignKey("collections.id"), nullable=False),
    Column("readers", JSON, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("document_id", ForeignKey("documents.id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("pages", JSON, nullable=False),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("document_id", ForeignKey("documents.id"), nullable=False),
    # The document's segment.
    Column("collection_id", String(60), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("headings", JSON, nullable=False),
    Column("title_terms", Text, nullable=False),
    Column("body_terms", Text, nullable=False),
    # Every start looks for passages that other rules cut.
    Column("analyzer", Integer, nullable=False, index=True),
    UniqueConstraint("document_id", "ordinal"),
    sqlite_autoincrement=True,
)

vectors = Table(
    "vectors",
    metadata,
    Column("passage_id", ForeignKey("passages.id"), primary_key=True, autoincrement=False),
    # A passage may have a vector of each of several embedders: one is searched, another prepared.
    Column("embedder", String(120), primary_key=True),
    # Little-endian float32, as many as the embedder has dimensions.
    Column("vector", LargeBinary, nullable=False),
    # Token vectors for late interaction: rows of `width` numbers of four bits, or empty.
    Column("tokens", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("collection_id", ForeignKey("collections.id"), primary_key=True),
    Column("principal", String(300), primary_key=True),
    Column("role", String(10), nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    # SHA-256 of the whole key; 256 random bits need no salt.
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("user", String(200)),
    Column("groups", JSON, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", String(40)),
    Column("revoked_at", String(40)),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("kind", String(10), nullable=False),
    Column("document_id", String(40), nullable=False),
    Column("collection_id", String(60), nullable=False),
    # Whose vectors came, where a change is only that.
    Column("embedder", String(120), nullable=False, server_default=""),
)

# One row, locked until commit by whoever logs a change: so numbers rise in the order of commits,
# and a reader that has seen n will never meet a smaller one. (A sequence would not do: its numbers
# rise in the order in which they were drawn.)
change_head = Table(
    "change_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Number, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("principal", String(300), nullable=False),
    Column("created_at", String(40), nullable=False, index=True),
    Column("question", JSON, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("trace", JSON, nullable=False),
    Column("feedback", JSON),
    # The conversation that it belongs to, led by whose it is.
    Column("thread", String(400), index=True),
)

answer_documents = Table(
    "answer_documents",
    metadata,
    Column("answer_id", ForeignKey("answers.id"), primary_key=True),
    Column("document_id", String(40), primary_key=True, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("principal", String(300), nullable=False),
    Column("action", String(20), nullable=False),
    Column("target", String(300), nullable=False),
    Column("status", Integer, nullable=False),
    Column("client", String(60), nullable=False),
    # SHA-256 over the entry before and this one: `services.domain.audit`.
    Column("hash", String(64), nullable=False),
)

# Events of chat platforms that were taken up: each is answered once, by one process.
chat_events = Table(
    "chat_events",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("at", String(40), nullable=False, index=True),
)

# One row, locked until commit by whoever appends.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Number, nullable=False),
    Column("hash", String(64), nullable=False),
)
