// The page: its parts, its language, its key.

import { $ } from "/assets/dom.js";
import * as access from "/assets/access.js";
import * as asking from "/assets/ask.js";
import * as documents from "/assets/documents.js";
import * as search from "/assets/search.js";
import * as source from "/assets/source.js";
import { hasKey, isKey, setKey } from "/assets/service.js";
import { changeLanguage, say, translate } from "/assets/words.js";

const LOOK_MS = 500;
const PARTS = ["ask", "documents", "search", "access"];

// A part of the page has an address of its own: #documents.
function go(name) {
  if (addressed() !== name) history.pushState(null, "", name === "ask" ? location.pathname : `#${name}`);
  show(name);
}

function addressed() {
  return PARTS.find((one) => location.hash === `#${one}`) || "ask";
}

// Where a footnote is opened the part stays the one it was opened in.
function follow() {
  if (!source.named() && !$(`show-${addressed()}`).hidden) show(addressed());
}

function show(name) {
  for (const one of PARTS) {
    $(one).hidden = one !== name;
    if (one === name) $(`show-${one}`).setAttribute("aria-current", "page"); else $(`show-${one}`).removeAttribute("aria-current");
  }
  if (name === "documents") documents.follow();
  if (name === "access") access.loadAccess();
}

// A service that has just been started listens before its models are there.
async function untilReady() {
  while ((await fetch("/health/ready").catch(() => ({ status: 0 }))).status === 503) {
    $("status").textContent = say("starting");
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
  if ($("status").textContent === say("starting")) $("status").textContent = "";
}

async function open() {
  await untilReady();
  documents.fillFilter();
  await asking.loadCollections();
  await Promise.all([asking.loadConversations(), access.offerAccess()]);
  follow();
  await source.openAddress().catch((error) => { $("status").textContent = error.message; });
}

for (const one of PARTS) $(`show-${one}`).addEventListener("click", () => go(one));
$("change-key").addEventListener("click", () => $("key-dialog").showModal());
$("change-language").addEventListener("click", async () => {
  changeLanguage();
  asking.tellAgain();
  await open();
  // What is listed is told anew, too.
  show(PARTS.find((one) => !$(one).hidden));
});
// Another key may be another person's: nothing of what the one before was shown stays, or is sent on.
async function enter() {
  asking.startNew();
  source.closeSource();
  documents.forget();
  const told = ["found", "search-status", "access-status", "collection-rows", "key-rows", "conversation-list", "secret"];
  for (const name of told) $(name).replaceChildren();
  for (const name of ["collection", "search-in", "filter-collection", "target-names"]) $(name).replaceChildren();
  $("show-access").hidden = true;
  asking.choose("");
  await open();
  const shown = PARTS.find((one) => !$(one).hidden);
  go($(`show-${shown}`).hidden ? "ask" : shown);
}

$("key-form").addEventListener("submit", (event) => {
  const key = $("key").value.trim();
  $("key-status").textContent = isKey(key) ? "" : say("noKey");
  if (!isKey(key)) {
    event.preventDefault();
    return;
  }
  setKey(key);
  $("key").value = "";
  enter();
});
// What fails anywhere is said, never swallowed.
addEventListener("unhandledrejection", (event) => {
  const shown = PARTS.find((one) => !$(one).hidden);
  const places = { ask: "status", documents: "upload-status", search: "search-status", access: "access-status" };
  $(places[shown]).textContent = event.reason?.message || String(event.reason);
  // It is said: the console need not say it again.
  event.preventDefault();
});
asking.listen();
documents.listen(go);
addEventListener("popstate", follow);
search.listen();
access.listen();
source.listen();
translate();
show("ask");
if (hasKey()) open(); else $("key-dialog").showModal();
