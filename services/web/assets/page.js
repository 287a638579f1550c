// The page: everything that came from a document is set as text, never as markup.

const words = {
  en: {
    ask: "Ask", documents: "Documents", key: "Key", question: "What would you like to know?",
    passages: "Passages", good: "Helpful", bad: "Not helpful", upload: "Add files",
    name: "Name", state: "State", grade: "Grade", close: "Close", save: "Save",
    keyPrompt: "Your key", all: "All collections", searching: "Searching…", writing: "Writing…",
    thanks: "Thank you.", uploading: "Uploading", page: "page", unverified: "unverified source", other: "中文",
  },
  zh: {
    ask: "提问", documents: "文档", key: "密钥", question: "您想了解什么？",
    passages: "段落", good: "有帮助", bad: "没有帮助", upload: "添加文件",
    name: "名称", state: "状态", grade: "质量", close: "关闭", save: "保存",
    keyPrompt: "您的密钥", all: "全部文档集", searching: "正在检索…", writing: "正在撰写…",
    thanks: "谢谢。", uploading: "正在上传", page: "第", unverified: "未经核实的来源", other: "English",
  },
};
const $ = (id) => document.getElementById(id);
let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let answerId = null;

const say = (name) => words[language][name];
const headers = () => ({ Authorization: `Bearer ${sessionStorage.getItem("key") || ""}` });

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  $("change-language").textContent = say("other");
}

async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  if (response.status === 401) $("key-dialog").showModal();
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    throw new Error(told?.error?.message || `HTTP ${response.status}`);
  }
  return response;
}

async function loadCollections() {
  const { collections } = await (await call("/v1/collections")).json();
  const chosen = $("collection").value;
  $("collection").replaceChildren(new Option(say("all"), ""), ...collections.map((one) => new Option(one.name, one.name)));
  $("collection").value = chosen;
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const parts = held.split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const [name, data] = part.split("\n");
      yield [name.slice("event: ".length), JSON.parse(data.slice("data: ".length))];
    }
  }
}

async function ask(event) {
  event.preventDefault();
  $("answer").hidden = false;
  $("answer-text").replaceChildren();
  $("answer-text").classList.add("writing");
  $("footnotes").replaceChildren();
  $("thumbs").hidden = true;
  $("status").textContent = say("searching");
  const body = { question: $("question").value, stream: true };
  if ($("collection").value) body.collections = [$("collection").value];
  try {
    const response = await call("/v1/ask", {
      method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
    for await (const [name, value] of events(response)) {
      if (name === "passages") { showPassages(value.passages); $("status").textContent = say("writing"); }
      if (name === "delta") $("answer-text").append(value.text);
      if (name === "answer") showAnswer(value);
      if (name === "error") throw new Error(value.error.message);
    }
    $("status").textContent = "";
  } catch (error) {
    $("status").textContent = error.message;
  }
  $("answer-text").classList.remove("writing");
}

function place(one) {
  const page = one.page ? `, ${say("page")} ${one.page}` : "";
  const mark = one.unverified ? ` (${say("unverified")})` : "";
  return `${one.document_name}${page}${mark}`;
}

function showAnswer(answer) {
  answerId = answer.id;
  $("thumbs").hidden = false;
  const text = $("answer-text");
  text.replaceChildren();
  text.lang = answer.language;
  if (!answer.answered) { text.textContent = answer.answer; return; }
  for (const sentence of answer.sentences) {
    text.append(sentence.text);
    for (const number of sentence.citations) {
      const mark = make("button", `[${number}]`, "number");
      mark.addEventListener("click", () => openSource(answer.citations[number - 1]));
      text.append(mark);
    }
    text.append(" ");
  }
  $("footnotes").replaceChildren(...answer.citations.map((citation) => {
    const item = make("li");
    const link = make("button", place(citation));
    link.addEventListener("click", () => openSource(citation));
    item.append(link, make("blockquote", citation.quote));
    return item;
  }));
}

function showPassages(passages) {
  $("passages").replaceChildren(...passages.map((one) => {
    const item = make("li");
    item.append(make("strong", `${place(one)} (${one.score.toFixed(3)})`), make("blockquote", one.text));
    return item;
  }));
}

async function openSource(citation) {
  const text = [...await (await call(`/v1/documents/${citation.document_id}/text`)).text()];
  const slice = (start, end) => text.slice(start, end).join("");
  $("source-name").textContent = place(citation);
  const quoted = make("mark", slice(citation.start, citation.end));
  $("source-text").replaceChildren(slice(0, citation.start), quoted, slice(citation.end));
  $("source").hidden = false;
  quoted.scrollIntoView({ block: "center" });
  $("source-text").focus({ preventScroll: true });
}

async function judge(thumb) {
  await call(`/v1/answers/${answerId}/feedback`, {
    method: "POST", body: JSON.stringify({ thumb }), headers: { "Content-Type": "application/json" },
  });
  $("status").textContent = say("thanks");
}

async function loadDocuments() {
  const { documents, counts } = await (await call("/v1/documents?limit=200")).json();
  $("document-rows").replaceChildren(...documents.map((one) => {
    const row = make("tr");
    const state = one.error ? `${one.status}: ${one.error.message}` : one.status;
    row.append(
      make("td", one.name), make("td", state, one.status), make("td", one.grade.grade || ""), make("td", one.passages),
    );
    return row;
  }));
  return counts.queued + counts.reading + counts.embedding;
}

async function upload(files) {
  for (const file of files) {
    $("upload-status").textContent = `${say("uploading")} ${file.name}`;
    const body = new FormData();
    body.append("collection", $("collection").value || "default");
    body.append("source_id", file.name);
    body.append("file", file);
    try { await call("/v1/documents", { method: "POST", body }); $("upload-status").textContent = ""; }
    catch (error) { $("upload-status").textContent = `${file.name}: ${error.message}`; }
  }
  while (await loadDocuments()) await new Promise((later) => setTimeout(later, 700));
  await loadCollections();
}

function show(name) {
  for (const one of ["ask", "documents"]) {
    $(one).hidden = one !== name;
    $(`show-${one}`).setAttribute("aria-pressed", String(one === name));
  }
  if (name === "documents") loadDocuments();
}

$("question-form").addEventListener("submit", ask);
$("show-ask").addEventListener("click", () => show("ask"));
$("show-documents").addEventListener("click", () => show("documents"));
$("change-key").addEventListener("click", () => $("key-dialog").showModal());
$("change-language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  translate();
  loadCollections();
});
$("key-form").addEventListener("submit", () => {
  sessionStorage.setItem("key", $("key").value);
  $("key").value = "";
  loadCollections();
});
$("close-source").addEventListener("click", () => { $("source").hidden = true; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") $("source").hidden = true; });
$("thumb-up").addEventListener("click", () => judge("up"));
$("thumb-down").addEventListener("click", () => judge("down"));
$("files").addEventListener("change", (event) => upload(event.target.files));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  show("documents");
  upload(event.dataTransfer.files);
});

translate();
if (sessionStorage.getItem("key")) loadCollections(); else $("key-dialog").showModal();
