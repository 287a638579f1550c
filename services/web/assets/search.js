// The search test: the same way that questions go.

import { $ } from "/assets/dom.js";
import { send } from "/assets/service.js";
import { say } from "/assets/words.js";
import { passageItem } from "/assets/why.js";

async function find(event) {
  event.preventDefault();
  $("search-status").textContent = say("searching");
  try {
    const body = { query: $("query").value, limit: 20 };
    if ($("search-in").value) body.collections = [$("search-in").value];
    const { passages } = await send("POST", "/v1/search", body);
    $("found").replaceChildren(...passages.map(passageItem));
    $("search-status").textContent = passages.length ? "" : say("nothing");
  } catch (error) {
    $("search-status").textContent = error.message;
  }
}

export const listen = () => $("search-form").addEventListener("submit", find);
