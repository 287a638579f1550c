// Nodes: everything that came from a document or a person is set as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  if (className) node.className = className;
  return node;
}

// Says in which language and direction a text is read, whatever the page's own are.
export function spoken(node) {
  const letters = node.textContent.match(/\p{L}/gu) || [];
  const chinese = letters.filter((one) => one >= "\u3400" && one <= "\u9fff").length;
  node.lang = chinese * 3 > letters.length ? "zh" : "en";
  node.dir = "auto";
  return node;
}

export function button(text, act, className) {
  const node = make("button", text, className);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

export const item = (...parts) => {
  const node = make("li");
  node.append(...parts);
  return node;
};
