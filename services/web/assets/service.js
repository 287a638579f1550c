// Calls to the service, under the key of this tab.

import { reason } from "/assets/reasons.js";
import { say } from "/assets/words.js";

export const currentKey = () => sessionStorage.getItem("key") || "";
const headers = (key = currentKey()) => ({ Authorization: `Bearer ${key}` });
export const hasKey = () => Boolean(sessionStorage.getItem("key"));
export const setKey = (key) => sessionStorage.setItem("key", key);
// What no header may hold is no key.
export const isKey = (key) => /^[\x21-\x7e]+$/.test(key);

export async function call(path, options = {}) {
  let response;
  const key = currentKey();
  try {
    response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch {
    throw new Error(say("offline"));
  }
  // What the key before was told is not for the next one: nobody hears it any more.
  if (key !== currentKey()) return new Promise(() => {});
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    const why = (told?.error && reason(told.error)) || `HTTP ${response.status}`;
    if (response.status === 401) askForKey(why);
    throw Object.assign(new Error(why), { status: response.status });
  }
  return response;
}

function askForKey(why) {
  document.getElementById("key-status").textContent = why;
  if (!document.getElementById("key-dialog").open) document.getElementById("key-dialog").showModal();
}

export const get = async (path) => (await call(path)).json();

export async function send(method, path, body) {
  const options = { method };
  if (body !== undefined) Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  return (await call(path, options)).json();
}

export async function* events(path, body, signal) {
  const response = await call(path, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(() => { throw new Error(say("broken")); });
      if (done) return;
      held += value;
      const parts = held.split("\n\n");
      held = parts.pop();
      for (const part of parts) {
        const [name, data] = part.split("\n");
        yield [name.slice("event: ".length), JSON.parse(data.slice("data: ".length))];
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// fetch tells nothing of what has left already; XMLHttpRequest does. *key* is of who chose the file.
export function upload(file, name, collection, key, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("collection", collection);
    body.append("source_id", name);
    body.append("file", file, name);
    request.open("POST", "/v1/documents");
    for (const [header, value] of Object.entries(headers(key))) request.setRequestHeader(header, value);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && tell(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error(say("offline"))));
    request.addEventListener("load", () => {
      let told = null;
      try { told = JSON.parse(request.responseText); } catch { /* no JSON: the status says it */ }
      if (request.status < 400) resolve(told);
      else reject(new Error((told?.error && reason(told.error)) || `HTTP ${request.status}`));
    });
    request.send(body);
  });
}
