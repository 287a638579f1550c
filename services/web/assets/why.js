// Why this answer: what was found, read, left out, written and dropped, as the trace of the answer has it.

import { $, item, make } from "/assets/dom.js";
import { placeOf } from "/assets/source.js";
import { get } from "/assets/service.js";
import { say } from "/assets/words.js";

export function passageItem(one) {
  const node = item();
  const scores = [["score", one.score], ["dense", one.scores?.dense], ["lexical", one.scores?.lexical], ["rerank", one.scores?.rerank]]
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${say(name)} ${Number(value).toFixed(3)}`);
  node.append(make("strong", placeOf(one)), " ", make("span", scores.join(" · "), "quiet"), make("blockquote", one.text));
  if (one.also_in) node.append(make("p", `${say("copied")}: ${one.also_in.map((same) => same.name).join(", ")}`, "quiet"));
  return node;
}

export async function showWhy(answer) {
  const { trace } = await get(`/v1/answers/${answer.id}`);
  const passages = new Map(answer.passages.map((one) => [one.id, one]));
  const parts = [];
  const retrieval = trace.retrieval || {};
  if (retrieval.terms) parts.push(make("p", say("whySearch", { ...retrieval, terms: retrieval.terms.join(" ") })));
  if (trace.gate) parts.push(make("p", say("whyGate", { score: trace.gate.score, verdict: say(trace.gate.answerable ? "yes" : "no") })));
  if (trace.kept_from) parts.push(make("p", say("whyAgain"), "quiet"));
  const read = trace.prompt?.passages || [];
  parts.push(...listed("whyRead", read.map((id) => passages.get(id)).filter(Boolean).map(passageItem)));
  const unread = answer.passages.filter((one) => !read.includes(one.id));
  parts.push(...listed(read.length ? "whyLeft" : "passages", unread.map(passageItem)));
  parts.push(...listed("whyEvidence", (trace.evidence || []).map((one) => evidenceItem(one, passages)).filter(Boolean)));
  parts.push(...listed("whySentences", (trace.grounding || []).map((one) => {
    const verdict = `${Number(one.support).toFixed(2)}, ${say(one.kept ? "kept" : "dropped")}`;
    return item(one.text, " ", make("span", verdict, "quiet"));
  })));
  $("why-body").replaceChildren(...parts);
}

function evidenceItem(one, passages) {
  const passage = passages.get(one.passage_id);
  if (!passage) return null;
  const text = [...passage.text].slice(one.start - passage.start, one.end - passage.start).join("");
  return text ? item(text, " ", make("span", `${Number(one.score).toFixed(2)}, ${passage.document_name}`, "quiet")) : null;
}

function listed(name, items) {
  if (!items.length) return [];
  const list = make("ol");
  list.append(...items);
  return [make("h3", say(name)), list];
}
