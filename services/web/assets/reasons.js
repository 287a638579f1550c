// Why something was refused or failed, in Chinese; in English the service says it itself.

import { speaks } from "/assets/words.js";

// The command line reads the same table.
const REASONS = await fetch("/assets/reasons.json").then((response) => response.json()).catch(() => ({}));

// The service's own words stay beside the Chinese ones: they tell names and limits.
export function reason({ code, message }) {
  const known = speaks() === "zh" && REASONS[code];
  return known ? `${known}（${message}）` : message;
}
