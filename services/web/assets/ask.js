// Questions and answers, kept together in conversations.

import { $, button, item, make, spoken } from "/assets/dom.js";
import { openSource, placeOf } from "/assets/source.js";
import { reason } from "/assets/reasons.js";
import { events, get, send } from "/assets/service.js";
import { say } from "/assets/words.js";
import { showWhy } from "/assets/why.js";

const MOST_TURNS = 6;
// So much of a question says which one is meant.
const SHOWN = 100;
// Where a collection is chosen: for questions and for the search test, which goes the same way.
const CHOICES = ["collection", "search-in"];
let conversation = newId();
let turns = [];
let answer = null;
// Counts what is begun: what comes late, for another question or conversation, is not shown.
let begun = 0;
// Of the answer in the works: ends the call, so that the service stops writing.
let controller = null;

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export async function loadCollections() {
  const { collections } = await get("/v1/collections");
  const chosen = $("collection").value;
  for (const name of CHOICES) {
    $(name).replaceChildren(new Option(say("all"), ""), ...collections.map((one) => new Option(one.name, one.name)));
  }
  choose(chosen);
  const seen = $("filter-collection").value;
  $("filter-collection").replaceChildren(new Option(say("every"), ""), ...collections.map((one) => new Option(one.name, one.name)));
  $("filter-collection").value = collections.some((one) => one.name === seen) ? seen : "";
  $("target-names").replaceChildren(...collections.map((one) => new Option(one.name)));
}

export function choose(collection) {
  for (const name of CHOICES) $(name).value = collection;
}

async function ask(event) {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question || controller) return;
  awaits(new AbortController());
  const mine = ++begun;
  $("question").value = "";
  archive();
  begin(question);
  const body = { question, stream: true, conversation, history: turns.slice(-2 * MOST_TURNS) };
  if ($("collection").value) body.collections = [$("collection").value];
  try {
    for await (const [name, value] of events("/v1/ask", body, controller.signal)) {
      if (mine !== begun) return;
      if (name === "passages") $("status").textContent = say("writing");
      if (name === "delta") $("answer-text").append(value.text);
      if (name === "error") throw new Error(reason(value.error));
      if (name === "answer") {
        showAnswer(value);
        awaits(null);
        break;
      }
    }
    if (mine !== begun) return;
    if (!answer) throw new Error(say("broken"));
    turns.push({ role: "user", content: question }, { role: "assistant", content: answer.answer });
    $("status").textContent = "";
    loadConversations();
  } catch (error) {
    if (mine !== begun) return;
    takeBack(question, error.message);
  }
  end();
}

function awaits(one) {
  controller = one;
  $("send").hidden = Boolean(one);
  $("stop").hidden = !one;
}

function end() {
  awaits(null);
  $("answer-text").classList.remove("writing");
  $("question").focus({ preventScroll: true });
}

function takeBack(question, why) {
  $("status").textContent = why;
  // A part of an answer is none.
  if (!answer) $("answer").hidden = true;
  $("question").value ||= question;
}

function stop() {
  begun += 1;
  controller?.abort();
  takeBack($("answer-question").textContent, say("stopped"));
  end();
}

function begin(question) {
  answer = null;
  $("answer").hidden = false;
  $("answer-question").textContent = question;
  spoken($("answer-question"));
  $("answer-text").replaceChildren();
  $("answer-text").classList.add("writing");
  $("footnotes").replaceChildren();
  $("why").open = false;
  $("why").hidden = $("thumbs").hidden = true;
  showThumb(null);
  $("status").textContent = say("searching");
}

// In the language that the page is now in.
export function tellAgain() {
  if (answer) showAnswer(answer);
}

function showAnswer(value) {
  answer = value;
  $("thumbs").hidden = $("why").hidden = false;
  $("answer-text").replaceChildren(...told(answer));
  $("answer-text").lang = answer.language;
  $("footnotes").replaceChildren(...notes(answer));
}

function told(one) {
  if (!one.sentences.length) return [one.answer];
  return one.sentences.flatMap((sentence) => [
    sentence.text,
    ...sentence.citations.map((number) => {
      const mark = button(`[${number}]`, () => openSource(one.citations[number - 1]), "number");
      mark.setAttribute("aria-label", `${say("source")} ${number}: ${placeOf(one.citations[number - 1])}`);
      return mark;
    }),
    " ",
  ]);
}

function notes(one) {
  return one.citations.map((citation) => {
    const quote = spoken(make("blockquote", citation.quote));
    return item(button(placeOf(citation), () => openSource(citation)), quote);
  });
}

// The answer before becomes a turn of the conversation above.
function archive() {
  if (answer) $("turns").append(turnOf($("answer-question").textContent, answer));
}

function turnOf(question, one) {
  const text = make("p");
  text.lang = one.language || "";
  text.append(...told(one));
  const more = make("details");
  const list = make("ol");
  list.append(...notes(one));
  more.append(make("summary", say("footnotes")), list);
  return item(spoken(make("h2", question)), text, ...(one.citations.length ? [more] : []));
}

function showThumb(feedback) {
  for (const one of ["up", "down"]) $(`thumb-${one}`).setAttribute("aria-pressed", String(feedback?.thumb === one));
  $("thumb-note").value = feedback?.note || "";
}

// A note may come behind its thumb.
const judged = () => ["up", "down"].find((one) => $(`thumb-${one}`).getAttribute("aria-pressed") === "true");

async function judge(thumb) {
  if (!answer) return;
  const body = { thumb, note: $("thumb-note").value };
  await send("POST", `/v1/answers/${answer.id}/feedback`, body);
  showThumb(body);
  $("status").textContent = say("thanks");
}

export async function loadConversations() {
  const { answers } = await get("/v1/answers?limit=200");
  const seen = new Map();
  for (const one of answers) if (one.conversation) seen.set(one.conversation, one);
  $("conversation-list").replaceChildren(...[...seen].slice(0, 30).map(([id, first]) => {
    const open = button(first.question, () => resume(id));
    if (id === conversation) open.setAttribute("aria-current", "true");
    const remove = button("×", () => removeConversation(id, first.question), "remove");
    remove.setAttribute("aria-label", `${say("remove")}: ${first.question}`);
    return item(open, remove);
  }));
}

async function removeConversation(id, question) {
  if (!confirm(say("sure", { name: question.slice(0, SHOWN) }))) return;
  try {
    await send("DELETE", `/v1/answers?conversation=${encodeURIComponent(id)}`);
    if (id === conversation) startNew();
    await loadConversations();
  } catch (error) {
    $("status").textContent = error.message;
  }
}

// What was asked about last: one collection that is still there, or all.
function chooseOf(names) {
  const known = [...$("collection").options].map((one) => one.value);
  choose(names.length === 1 && known.includes(names[0]) ? names[0] : "");
}

async function resume(id) {
  startNew();
  const mine = begun;
  conversation = id;
  const { answers } = await get(`/v1/answers?limit=50&conversation=${encodeURIComponent(id)}`);
  for (const [at, one] of answers.reverse().entries()) {
    const record = await get(`/v1/answers/${one.id}`);
    if (mine !== begun) return;
    if (at === answers.length - 1) showLast(one, record);
    else $("turns").append(turnOf(one.question, record.answer));
    turns.push({ role: "user", content: one.question }, { role: "assistant", content: one.answer });
  }
  await loadConversations();
}

// The last answer of a conversation can be judged and looked into as when it came.
function showLast(one, record) {
  begin(one.question);
  showAnswer(record.answer);
  showThumb(one.feedback);
  end();
  $("status").textContent = "";
  chooseOf(record.question.collections);
}

export function startNew() {
  begun += 1;
  controller?.abort();
  conversation = newId();
  turns = [];
  answer = null;
  $("answer").hidden = true;
  $("turns").replaceChildren();
  $("status").textContent = "";
  for (const one of document.querySelectorAll("#conversation-list [aria-current]")) one.removeAttribute("aria-current");
  end();
}

export function listen() {
  $("question-form").addEventListener("submit", ask);
  $("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) ask(event);
  });
  for (const name of CHOICES) $(name).addEventListener("change", () => choose($(name).value));
  $("stop").addEventListener("click", stop);
  $("new-conversation").addEventListener("click", startNew);
  $("thumb-up").addEventListener("click", () => judge("up"));
  $("thumb-down").addEventListener("click", () => judge("down"));
  $("thumb-note").addEventListener("change", () => judged() && judge(judged()));
  $("why").addEventListener("toggle", () => { if ($("why").open && answer) showWhy(answer); });
}
