// Nodes: everything that came from a document or a person is set as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  if (className) node.className = className;
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
