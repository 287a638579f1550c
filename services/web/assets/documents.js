// Documents: added with progress, listed with grade and reason, looked at, fetched, read again, deleted.

import { $, button, item, make } from "/assets/dom.js";
import { loadCollections } from "/assets/ask.js";
import { chosen, dropped } from "/assets/dropped.js";
import { openSource } from "/assets/source.js";
import { reason } from "/assets/reasons.js";
import { call, currentKey, get, send, upload } from "/assets/service.js";
import { say } from "/assets/words.js";

const STATES = ["queued", "reading", "embedding", "ready", "failed"];
const RESTING = new Set(["ready", "failed"]);
const LOOK_MS = 700;
let cursor = null;
let following = false;
let again = false;
// Why the list could not be had last.
let lost = "";
// Ids of what was added here: the same bytes again keep the place of their first arrival, which may be far down.
const added = new Set();

export async function loadDocuments(more = false) {
  const state = $("filter").value ? `&status=${$("filter").value}` : "";
  const within = $("filter-collection").value ? `&collection=${encodeURIComponent($("filter-collection").value)}` : "";
  const from = more && cursor ? `&cursor=${cursor}` : "";
  const told = await get(`/v1/documents?order=newest&limit=100${state}${within}${from}`);
  // Those stand above already.
  const listed = more ? told.documents.filter((one) => !added.has(one.id)) : [...await farDown(told.documents), ...told.documents];
  const rows = listed.map(row);
  if (more) $("document-rows").append(...rows); else place(rows);
  cursor = told.cursor || null;
  $("more-documents").hidden = !cursor;
  $("counts").textContent = STATES.filter((one) => told.counts[one]).map((one) => `${say(`s_${one}`)} ${told.counts[one]}`).join(" · ");
  return told.counts.queued + told.counts.reading + told.counts.embedding;
}

// Rows that did not change stay the nodes they are: with the focus, and under a finger that is pressing.
function place(rows) {
  const shown = [...$("document-rows").children];
  const isSame = shown.length === rows.length && rows.every((one, at) => one.dataset.id === shown[at].dataset.id);
  if (!isSame) $("document-rows").replaceChildren(...rows);
  else rows.forEach((one, at) => { if (one.textContent !== shown[at].textContent) shown[at].replaceWith(one); });
}

async function farDown(listed) {
  const near = new Set(listed.map((one) => one.id));
  const ids = [...added].filter((id) => !near.has(id));
  const found = await Promise.all(ids.map((id) => get(`/v1/documents/${id}`).catch(() => added.delete(id) && null)));
  return found.filter((one) => one && ["", one.status].includes($("filter").value)
    && ["", one.collection].includes($("filter-collection").value));
}

export function fillFilter() {
  const chosen = $("filter").value;
  $("filter").replaceChildren(new Option(say("every"), ""), ...STATES.map((one) => new Option(say(`s_${one}`), one)));
  $("filter").value = chosen;
}

function row(one) {
  const node = make("tr");
  node.dataset.id = one.id;
  const done = one.progress?.total ? ` ${one.progress.done}/${one.progress.total}` : "";
  const state = one.error ? `${say("s_failed")}: ${reason(one.error)}` : say(`s_${one.status}`) + (one.status === "ready" ? "" : done);
  const actions = make("td");
  actions.append(
    button(say("original"), () => fetchOriginal(one)), " ",
    ...(RESTING.has(one.status) ? [button(say("reread"), () => reread(one)), " "] : []),
    button(say("remove"), () => remove(one, node)),
  );
  const name = make("th");
  name.scope = "row";
  name.append(one.status === "ready" ? button(one.name, () => look(one), "plain") : one.name);
  node.append(name, make("td", one.collection), make("td", state, one.status), make("td", one.grade.grade ? say(`g_${one.grade.grade}`) : ""), make("td", one.passages), actions);
  return node;
}

const look = (one) => openSource({
  document_id: one.id, document_name: one.name, start: 0, end: 0, isPdf: one.media_type === "application/pdf",
});

async function fetchOriginal(one) {
  const blob = await (await call(`/v1/documents/${one.id}/file`)).blob();
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = one.name.split("/").pop();
  link.click();
  URL.revokeObjectURL(link.href);
}

async function reread(one) {
  try {
    added.add((await send("POST", `/v1/documents/${one.id}/reread`)).id);
    await follow();
  } catch (error) {
    $("upload-status").textContent = error.message;
  }
}

async function remove(one, node) {
  if (!confirm(say("sure", { name: one.name }))) return;
  try {
    await send("DELETE", `/v1/documents/${one.id}`);
    node.remove();
    $("upload-status").textContent = "";
  } catch (error) {
    $("upload-status").textContent = error.message;
  }
}

// *files*: each with its name, which in a folder is its path.
async function addFiles(files) {
  // As they were when the files were chosen, whatever is typed meanwhile.
  const [target, key] = [$("target").value.trim() || "default", currentKey()];
  for (const [name, file] of files) {
    if (key !== currentKey()) return;
    const bar = make("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `${say("uploading")} ${name}`);
    const line = item(make("span", name), " ", bar);
    $("uploads").append(line);
    try {
      const taken = await upload(file, name, target, key, (share) => { bar.value = share; });
      if (taken.id) added.add(taken.id);
      if (taken.replaces) line.replaceChildren(make("span", say("replaces", { name }), "quiet"));
      else line.remove();
    } catch (error) {
      line.replaceChildren(make("span", `${name}: ${error.message}`, "failed"));
    }
  }
  await follow();
  await loadCollections();
}

// A service that does not answer now is asked again: what is on its way goes on without the page.
async function looked() {
  try {
    const left = await loadDocuments();
    if ($("upload-status").textContent === lost) $("upload-status").textContent = lost = "";
    return left;
  } catch (error) {
    $("upload-status").textContent = lost = error.message;
    return !(error.status < 500);
  }
}

// Looks on as long as something is on its way, wherever it was added, and this part is shown.
export async function follow() {
  // What is being asked for may not know yet of what was just added.
  again = true;
  if (following) return;
  following = true;
  try {
    while (again) {
      again = false;
      while (await looked() && !$("documents").hidden) await new Promise((later) => setTimeout(later, LOOK_MS));
    }
  } finally {
    following = false;
  }
}

// What the key before was shown is not for the next one.
export function forget() {
  added.clear();
  following = false;
  for (const name of ["document-rows", "uploads", "counts", "upload-status"]) $(name).replaceChildren();
}

export function listen(show) {
  // The list is the field's own: emptied for the next choice, it would be empty here, too.
  for (const one of ["files", "folder"]) {
    $(one).addEventListener("change", (event) => {
      const files = chosen(event.target.files);
      event.target.value = "";
      addFiles(files);
    });
  }
  for (const one of ["filter", "filter-collection"]) $(one).addEventListener("change", () => loadDocuments());
  $("more-documents").addEventListener("click", () => loadDocuments(true));
  $("upload-form").addEventListener("submit", (event) => event.preventDefault());
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", async (event) => {
    document.body.classList.remove("dropping");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const files = dropped(event.dataTransfer);
    show("documents");
    addFiles(await files);
  });
}
