"""`keys` and `collections`: who may do what."""

from typing import Annotated, Any

import typer

from ingest.cli.console import AsJson, client, fail, say, show, show_json, show_table, tell
from services.client.wire import segment
from services.domain.audit import AuditEntry, first_fault

keys = typer.Typer(help="Keys: make, list, revoke.", no_args_is_help=True)
LowTrust = Annotated[
    bool | None,
    typer.Option(
        "--low-trust/--high-trust",
        help="Mark what it says in prompts and answers: where anybody may write.",
    ),
]
collections = typer.Typer(help="Collections: make, list, change, drop.", no_args_is_help=True)
_SCOPES = (
    "ask, read, write or admin, in every collection; repeatable. "
    "Without one the key holds only its grants."
)
_EVERYWHERE = (
    "With a scope this key reaches every collection. For some alone, make it without --scope, and "
    "grant them: footnote collections grant NAME key:ID ask"
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(keys, name="keys")
    app.add_typer(collections, name="collections")
    app.command()(audit)


def audit(
    after: Annotated[int, typer.Option(help="Only entries with larger numbers.")] = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Export the audit log: who did what, when, with what outcome. Status 1 if it was altered."""
    entries: list[dict[str, Any]] = []
    with client() as service:
        while True:
            page = service.call("GET", "/v1/audit", params={"after": after, "limit": 1000})
            entries += page["entries"]
            if not page["entries"] or entries[-1]["seq"] >= page["last"]["seq"]:
                break
            after = entries[-1]["seq"]
    if as_json:
        show_json(entries)
    else:
        names = ("seq", "at", "principal", "action", "target", "status", "client")
        show_table(names, [tuple(one[name] for name in names) for one in entries])
    whole = [AuditEntry(**one) for one in entries]
    if whole and whole[0].seq == 1 and (fault := first_fault(whole, None)) is not None:
        fail(fault)


@keys.command("create")
def create_key(  # noqa: PLR0913 - the options of a command
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help=_SCOPES)] = None,
    user: Annotated[str | None, typer.Option(help="The person who holds it.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group of the holder.")] = None,
    expires_at: Annotated[str | None, typer.Option(help="2027-01-31T00:00:00Z")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once."""
    body = {
        "name": name,
        "scopes": scope or [],
        "user": user,
        "groups": group or [],
        "expires_at": expires_at,
    }
    with client() as service:
        made = service.call("POST", "/v1/keys", json=body)
    if as_json:
        show_json(made)
    else:
        show(f"{made['id']}  {made['key']}")
        if scope:
            say(_EVERYWHERE)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    with client() as service:
        listed = service.call("GET", "/v1/keys")["keys"]
    if as_json:
        show_json(listed)
        return
    rows = [
        (
            one["id"],
            one["name"],
            ",".join(one["scopes"]),
            one.get("user", ""),
            "revoked" if "revoked_at" in one else one.get("expires_at", ""),
        )
        for one in listed
    ]
    show_table(("id", "name", "scopes", "user", "ends"), rows, worded=("ends",))


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False
) -> None:
    """Make a key worthless at once."""
    with client() as service:
        told = service.call("DELETE", f"/v1/keys/{segment(key_id)}")
    if as_json:
        show_json(told)
    else:
        tell("revoked {name}", name=key_id)


@collections.command("create")
def create_collection(
    name: str,
    instructions: Annotated[str, typer.Option(help="How answers should sound.")] = "",
    *,
    low_trust: LowTrust = None,
    as_json: AsJson = False,
) -> None:
    """Make a collection."""
    defaults = {"trust": "low"} if low_trust else {}
    body = {"name": name, "instructions": instructions, "defaults": defaults}
    with client() as service:
        made = service.call("POST", "/v1/collections", json=body)
    if as_json:
        show_json(made)
    else:
        tell("made {name}", name=made["name"])


@collections.command("list")
def list_collections(*, as_json: AsJson = False) -> None:
    """List collections with their number of ready documents."""
    with client() as service:
        listed = service.call("GET", "/v1/collections")["collections"]
    if as_json:
        show_json(listed)
        return
    show_table(
        ("name", "documents", "trust", "instructions"),
        [
            (one["name"], one["documents"], one["defaults"].get("trust", ""), one["instructions"])
            for one in listed
        ],
        worded=("trust",),
    )


@collections.command("change")
def change_collection(
    name: str,
    instructions: Annotated[str | None, typer.Option(help="How answers should sound.")] = None,
    *,
    low_trust: LowTrust = None,
    as_json: AsJson = False,
) -> None:
    """Set how answers from the collection should sound, or whether it is trusted."""
    with client() as service:
        listed = service.call("GET", "/v1/collections")["collections"]
        stood = next((one for one in listed if one["name"] == name), dict[str, Any]())
        defaults = dict(stood.get("defaults", {}))
        if low_trust is not None:
            defaults["trust"] = "low" if low_trust else "high"
        if instructions is None:
            instructions = stood.get("instructions", "")
        body = {"instructions": instructions, "defaults": defaults}
        told = service.call("PUT", f"/v1/collections/{segment(name)}", json=body)
    if as_json:
        show_json(told)
    else:
        tell("changed {name}", name=name)


@collections.command("drop")
def drop_collection(name: str, *, as_json: AsJson = False) -> None:
    """Remove an empty collection."""
    with client() as service:
        told = service.call("DELETE", f"/v1/collections/{segment(name)}")
    if as_json:
        show_json(told)
    else:
        tell("dropped {name}", name=name)


@collections.command("grants")
def list_grants(name: str, *, as_json: AsJson = False) -> None:
    """List who holds which role in a collection."""
    with client() as service:
        told = service.call("GET", f"/v1/collections/{segment(name)}/grants")
    _show_grants(told, as_json=as_json)


@collections.command("grant")
def grant(
    name: str,
    principal: Annotated[str, typer.Argument(help="key:ID, user:ID or group:NAME")],
    role: Annotated[str, typer.Argument(help="ask, read, write, admin; or none to take it away")],
    *,
    as_json: AsJson = False,
) -> None:
    """Give somebody a role in a collection, or take it away."""
    with client() as service:
        path = f"/v1/collections/{segment(name)}/grants"
        others = [g for g in service.call("GET", path)["grants"] if g["principal"] != principal]
        wanted = others if role == "none" else [*others, {"principal": principal, "role": role}]
        told = service.call("PUT", path, json={"grants": wanted})
    _show_grants(told, as_json=as_json)


def _show_grants(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(told)
    elif told["grants"]:
        show_table(("principal", "role"), [(g["principal"], g["role"]) for g in told["grants"]])
    else:
        say("No grants: only keys with a scope reach this collection.")
