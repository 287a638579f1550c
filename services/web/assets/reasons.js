// Why something was refused or failed, in Chinese; in English the service says it itself.

import { speaks } from "/assets/words.js";

// The command line reads the same table. Nothing waits for it.
let reasons = {};
fetch("/assets/reasons.json").then((response) => response.json()).then((table) => { reasons = table; }).catch(() => {});

// The service's own words stay beside the Chinese ones: they tell names and limits.
export function reason({ code, message }) {
  const known = speaks() === "zh" && reasons[code];
  return known ? `${known}（${message}）` : message;
}
