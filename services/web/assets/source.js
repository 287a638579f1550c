// The place that a footnote leads to: the document's text, or a PDF's page as it looks, with the quote marked.

import { $, make } from "/assets/dom.js";
import { get, call } from "/assets/service.js";
import { say } from "/assets/words.js";

let shown = null;
let before = null;

export function placeOf(one) {
  const page = one.page ? say("pageAt", one) : "";
  const mark = one.unverified ? ` (${say("unverified")})` : "";
  return `${one.document_name}${page}${mark}`;
}

export async function openSource(citation) {
  // Page 0: the one on which the quote stands. Only a PDF's passages have pages of their own.
  shown = { ...citation, page: citation.page || 0, isPdf: citation.isPdf ?? citation.document_name.toLowerCase().endsWith(".pdf") };
  if ($("source").hidden) before = document.activeElement;
  $("source-name").textContent = placeOf(citation);
  $("source-tools").hidden = !shown.isPdf;
  $("source").hidden = false;
  $("source").focus({ preventScroll: true });
  keepAddress(`#document=${encodeURIComponent(citation.document_id)}&start=${citation.start}&end=${citation.end}`);
  const mine = shown;
  try {
    await showText();
  } catch (error) {
    if (mine === shown) $("source-text").replaceChildren(make("p", error.message, "failed"), make("blockquote", citation.quote || ""));
    return;
  }
  if (mine === shown && shown.isPdf) await showPage(shown.page).catch(() => showView("text"));
}

// A browser's way back from a place leads to where it was opened, however many were looked at there.
function keepAddress(address) {
  if (named()) history.replaceState(history.state, "", address);
  else history.pushState({ opened: true }, "", address);
}

export function named() {
  return new URLSearchParams(location.hash.slice(1)).get("document");
}

// Footnotes elsewhere (chats, OpenAI's clients) lead here: #document=ID&start=N&end=N.
export async function openAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const document_id = named();
  if (!document_id) return hide();
  const told = await get(`/v1/documents/${encodeURIComponent(document_id)}`);
  const start = Number(wanted.get("start")), end = Number(wanted.get("end"));
  await openSource({ document_id, document_name: told.name, isPdf: told.media_type === "application/pdf", start, end });
}

export function closeSource() {
  if ($("source").hidden) return;
  hide();
  if (history.state?.opened) history.back();
  else if (named()) history.replaceState(null, "", location.pathname);
}

function hide() {
  if ($("source").hidden) return;
  $("source").hidden = true;
  if (before) before.focus();
}

async function showText() {
  // Another footnote may be opened meanwhile: then this one is not shown.
  const mine = shown;
  $("source-text").replaceChildren(make("p", say("searching"), "quiet"));
  showView("text");
  const text = await (await call(`/v1/documents/${encodeURIComponent(shown.document_id)}/text`)).text();
  if (mine !== shown) return;
  const [start, end] = places(text, shown.start, shown.end);
  const quoted = make("mark", text.slice(start, end));
  $("source-text").replaceChildren(text.slice(0, start), quoted, text.slice(end));
  $("source-text").dir = "auto";
  quoted.scrollIntoView({ block: "center" });
}

// Places count characters; a rare one is two units of a browser's text. A text may have twenty million.
function places(text, ...wanted) {
  if (!/[\ud800-\udbff]/.test(text)) return wanted;
  let [at, count] = [0, 0];
  return wanted.map((place) => {
    for (; count < place && at < text.length; count += 1) at += text.codePointAt(at) > 0xffff ? 2 : 1;
    return at;
  });
}

function showView(name) {
  $("source-text").hidden = name !== "text";
  $("source-page").hidden = name !== "page";
  $("source-page-view").setAttribute("aria-pressed", String(name === "page"));
  $("source-text-view").setAttribute("aria-pressed", String(name === "text"));
}

async function showPage(number) {
  const path = `/v1/documents/${encodeURIComponent(shown.document_id)}/pages/${number}?start=${shown.start}&end=${shown.end}`;
  const mine = shown;
  const page = await get(path);
  if (mine !== shown) return;
  shown.page = page.page;
  $("page-number").textContent = say("pageOf", page);
  $("page-before").disabled = page.page <= 1;
  $("page-after").disabled = page.page >= page.pages;
  const sheet = make("div", undefined, "sheet");
  const picture = make("img");
  picture.src = `data:image/png;base64,${page.image}`;
  picture.alt = say(page.boxes.length ? "pageAlt" : "pagePlain", { name: shown.document_name, page: page.page });
  picture.width = page.width;
  picture.height = page.height;
  sheet.append(picture);
  $("source-page").replaceChildren(sheet);
  showView("page");
  for (const line of page.lines.filter((one) => one.lacks_font)) written(sheet, line);
  const marks = page.boxes.map((box) => placed(make("span", undefined, "marked"), box));
  sheet.append(...marks);
  if (marks.length) marks[0].scrollIntoView({ block: "center" });
}

function placed(node, [left, top, right, bottom]) {
  const percent = (share) => `${share * 100}%`;
  Object.assign(node.style, {
    left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top),
  });
  return node;
}

// Letters whose font is not in the file are written over the picture, in a font of this browser.
function written(sheet, line) {
  const node = placed(make("span", undefined, "line-text"), line.box);
  const inner = make("span", line.text);
  node.append(inner);
  sheet.append(node);
  const room = node.getBoundingClientRect();
  inner.style.fontSize = `${room.height * 0.8}px`;
  const width = inner.getBoundingClientRect().width;
  if (width) inner.style.transform = `scaleX(${room.width / width})`;
}

export function listen() {
  $("close-source").addEventListener("click", closeSource);
  $("source-page-view").addEventListener("click", () => showPage(shown.page));
  $("source-text-view").addEventListener("click", () => { showView("text"); });
  $("page-before").addEventListener("click", () => showPage(shown.page - 1));
  $("page-after").addEventListener("click", () => showPage(shown.page + 1));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeSource(); });
  addEventListener("hashchange", openAddress);
}
