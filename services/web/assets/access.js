// Collections, who may do what in them, and keys: for administrators.

import { $, button, item, make } from "/assets/dom.js";
import { loadCollections } from "/assets/ask.js";
import { get, send } from "/assets/service.js";
import { say } from "/assets/words.js";

const SCOPES = ["", "ask", "read", "write", "admin"];

export async function loadAccess() {
  const { collections } = await get("/v1/collections");
  const cards = await Promise.all(collections.map(collectionCard));
  const written = [...$("collection-rows").querySelectorAll("textarea")].filter((one) => one.value !== one.defaultValue);
  $("collection-rows").replaceChildren(...cards);
  // What is being written stays.
  for (const one of written) if ($(one.id)) $(one.id).value = one.value;
  const { keys } = await get("/v1/keys");
  $("key-rows").replaceChildren(...keys.map(keyCard));
  $("key-scope").replaceChildren(...SCOPES.map((one) => new Option(one ? say("everywhere", { scope: one }) : say("onlyGrants"), one)));
}

// Only an administrator is shown this part.
export async function offerAccess() {
  const may = await get("/v1/keys").then(() => true, () => false);
  $("show-access").hidden = !may;
}

function field(label, value, id) {
  const text = make("textarea");
  text.id = id;
  text.rows = 2;
  text.defaultValue = value;
  const name = make("label", label);
  name.htmlFor = id;
  return [name, text];
}

async function collectionCard(one) {
  const path = `/v1/collections/${encodeURIComponent(one.name)}`;
  const { grants } = await get(`${path}/grants`);
  const low = one.defaults?.trust === "low" ? ` · ${say("lowTrust")}` : "";
  const told = make("p", undefined, "quiet");
  const [label, text] = field(say("grants"), asLines(grants), `grants-${one.name}`);
  const [soundLabel, sound] = field(say("instructions"), one.instructions, `sound-${one.name}`);
  const save = button(say("save"), () => report(told, async () => {
    // What was not changed here is not written: somebody else may have changed it.
    if (text.value !== text.defaultValue) await saveGrants(`${path}/grants`, text);
    if (sound.value !== sound.defaultValue) await saveSound(path, sound);
  }));
  return item(make("h3", one.name), make("p", say("ready", { count: one.documents }) + low, "quiet"), label, text, soundLabel, sound, save, told);
}

const asLines = (grants) => grants.map((grant) => `${grant.principal} ${grant.role}`).join("\n");

async function saveGrants(path, text) {
  const now = asLines((await get(path)).grants);
  if (now !== text.defaultValue) {
    text.defaultValue = now;
    throw new Error(say("changedMeanwhile", { now: now || "–" }));
  }
  const lines = text.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const grants = lines.map((line) => {
    const [, principal, role] = line.match(/^(.*\S)\s+(\S+)$/) || [null, line, ""];
    return { principal, role };
  });
  await send("PUT", path, { grants });
  text.value = text.defaultValue = asLines(grants);
}

async function saveSound(path, sound) {
  await send("PUT", path, { instructions: sound.value });
  sound.defaultValue = sound.value;
}

function keyCard(key) {
  const state = key.revoked_at ? say("revoked") : (key.scopes.join(", ") || say("onlyGrants"));
  const about = [key.id, state, key.user, key.expires_at].filter(Boolean).join(" · ");
  const node = item(make("strong", key.name), " ", make("span", about, "quiet"));
  if (!key.revoked_at) node.append(" ", button(say("revoke"), () => {
    if (confirm(say("sureKey", { name: key.name }))) report($("access-status"), () => send("DELETE", `/v1/keys/${key.id}`));
  }));
  return node;
}

async function report(place, work) {
  try {
    await work();
    place.textContent = say("saved");
    if (place === $("access-status")) await loadAccess();
  } catch (error) {
    place.textContent = error.message;
  }
}

export function listen() {
  $("collection-form").addEventListener("submit", (event) => {
    event.preventDefault();
    report($("access-status"), async () => {
      const defaults = $("collection-low").checked ? { trust: "low" } : {};
      await send("POST", "/v1/collections", { name: $("collection-name").value, defaults });
      await loadCollections();
    });
  });
  $("new-key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    report($("access-status"), async () => {
      const scopes = $("key-scope").value ? [$("key-scope").value] : [];
      const body = { name: $("key-name").value, scopes };
      if ($("key-user").value) body.user = $("key-user").value;
      const made = await send("POST", "/v1/keys", body);
      $("secret").textContent = made.key;
      $("secret-dialog").showModal();
    });
  });
  $("secret-dialog").addEventListener("close", () => $("secret").replaceChildren());
}
