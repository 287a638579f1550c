// Documents: added with progress, listed with grade and reason, looked at, fetched, read again, deleted.

import { $, button, item, make } from "/assets/dom.js";
import { loadCollections } from "/assets/ask.js";
import { openSource } from "/assets/source.js";
import { reason } from "/assets/reasons.js";
import { call, get, send, upload } from "/assets/service.js";
import { say } from "/assets/words.js";

const STATES = ["queued", "reading", "embedding", "ready", "failed"];
const RESTING = new Set(["ready", "failed"]);
const LOOK_MS = 700;
let cursor = null;
let following = false;
// Ids of what was added here: the same bytes again keep the place of their first arrival, which may be far down.
const added = new Set();

export async function loadDocuments(more = false) {
  const state = $("filter").value ? `&status=${$("filter").value}` : "";
  const from = more && cursor ? `&cursor=${cursor}` : "";
  const told = await get(`/v1/documents?order=newest&limit=100${state}${from}`);
  // Those stand above already.
  const listed = more ? told.documents.filter((one) => !added.has(one.id)) : [...await farDown(told.documents), ...told.documents];
  const rows = listed.map(row);
  if (more) $("document-rows").append(...rows); else $("document-rows").replaceChildren(...rows);
  cursor = told.cursor || null;
  $("more-documents").hidden = !cursor;
  $("counts").textContent = STATES.filter((one) => told.counts[one]).map((one) => `${say(`s_${one}`)} ${told.counts[one]}`).join(" · ");
  return told.counts.queued + told.counts.reading + told.counts.embedding;
}

async function farDown(listed) {
  const near = new Set(listed.map((one) => one.id));
  const ids = [...added].filter((id) => !near.has(id));
  const found = await Promise.all(ids.map((id) => get(`/v1/documents/${id}`).catch(() => added.delete(id) && null)));
  return found.filter((one) => one && ["", one.status].includes($("filter").value));
}

export function fillFilter() {
  const chosen = $("filter").value;
  $("filter").replaceChildren(new Option(say("every"), ""), ...STATES.map((one) => new Option(say(`s_${one}`), one)));
  $("filter").value = chosen;
}

function row(one) {
  const node = make("tr");
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
  } catch (error) {
    $("upload-status").textContent = error.message;
  }
}

export async function addFiles(files) {
  for (const file of files) {
    const bar = make("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `${say("uploading")} ${file.name}`);
    const line = item(make("span", file.name), " ", bar);
    $("uploads").append(line);
    try {
      const taken = await upload(file, $("target").value.trim() || "default", (share) => { bar.value = share; });
      if (taken.id) added.add(taken.id);
      line.remove();
    } catch (error) {
      line.replaceChildren(make("span", `${file.name}: ${error.message}`, "failed"));
    }
  }
  $("files").value = "";
  await follow();
  await loadCollections();
}

async function follow() {
  if (following) return;
  following = true;
  try {
    while (await loadDocuments()) await new Promise((later) => setTimeout(later, LOOK_MS));
  } finally {
    following = false;
  }
}

export function listen(show) {
  $("files").addEventListener("change", (event) => addFiles(event.target.files));
  $("filter").addEventListener("change", () => loadDocuments());
  $("more-documents").addEventListener("click", () => loadDocuments(true));
  $("upload-form").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    show("documents");
    addFiles(event.dataTransfer.files);
  });
}
