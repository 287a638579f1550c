// The chat widget: one script tag on any page that the service's administrator has listed.
//
//   <script src="…/widget.js" data-theme="auto" data-language="auto" defer></script>
//
// It puts a <footnote-chat> into the page, unless there is one. Everything that comes from the service is
// set as text: nothing of an answer is a link, an image or markup.
(() => {
  "use strict";
  const script = document.currentScript;
  const service = new URL(script ? script.src : document.baseURI).origin;
  const MOST_TURNS = 6;

  const words = {
    en: {
      title: "Ask our documents", open: "Open the chat", close: "Close", question: "Your question", send: "Send",
      searching: "Looking it up…", failed: "That did not work:", unreachable: "The service does not answer, or this page is not on its list.", broken: "the answer broke off. Ask again.", source: "Source", page: ", page {page}",
      hello: "Ask a question: the answer comes from our documents, with its sources.", unverified: "unverified source",
    },
    zh: {
      title: "向文档提问", open: "打开对话", close: "关闭", question: "您的问题", send: "发送",
      searching: "正在查找…", failed: "出错了：", unreachable: "服务没有响应，或此页面不在允许列表中。", broken: "回答中断了，请再问一次。", source: "出处", page: "，第{page}页",
      hello: "请提问：回答来自我们的文档，并附出处。", unverified: "未经核实的来源",
    },
  };

  // In English the service says itself why it refused.
  const reasons = {
    busy: "服务正忙，或您的配额已用完：请稍后再试。", not_ready: "服务暂时不可用：请稍后再试。",
    deadline: "未能在规定时间内得出回答：请重试，或缩短问题。", forbidden: "此页面不在允许列表中：请联系管理员。",
    invalid_request: "请求有误：请检查问题。", too_large: "问题过长：请缩短后再试。",
    unauthenticated: "登录已失效：请刷新页面。", storage_full: "服务的磁盘已满：请联系管理员。",
  };

  const css = `
    :host { all: initial; position: fixed; right: 1.25rem; bottom: 1.25rem; z-index: 2147483000; display: block;
      --ink: #1d2421; --paper: #fbfaf6; --line: #d9d5c9; --accent: #1f5a43; --soft: #eef2ee; color: var(--ink);
      font: 15px/1.55 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif; }
    :host([theme="dark"]) { --ink: #e7e4da; --paper: #181c1a; --line: #3a403c; --accent: #8fd0b0; --soft: #232925; }
    @media (prefers-color-scheme: dark) {
      :host(:not([theme="light"])) { --ink: #e7e4da; --paper: #181c1a; --line: #3a403c; --accent: #8fd0b0; --soft: #232925; }
    }
    * { box-sizing: border-box; }
    button, textarea { font: inherit; color: inherit; }
    button { cursor: pointer; border: 1px solid var(--line); border-radius: .5rem; background: transparent; padding: .3rem .7rem; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .opener { width: 3.4rem; height: 3.4rem; border-radius: 50%; background: var(--accent); color: var(--paper);
      border: 0; font-size: 1.4rem; box-shadow: 0 .3rem 1rem #0004; float: right; }
    .panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2.5rem)); height: min(34rem, calc(100vh - 2.5rem));
      background: var(--paper); border: 1px solid var(--line); border-radius: .9rem; box-shadow: 0 .6rem 2rem #0004; overflow: hidden; }
    .panel[hidden], .opener[hidden] { display: none; }
    header { display: flex; justify-content: space-between; align-items: center; padding: .6rem .9rem; border-bottom: 1px solid var(--line); }
    h2 { margin: 0; font-size: 1rem; }
    .talk { flex: 1; overflow-y: auto; padding: .9rem; display: flex; flex-direction: column; gap: .8rem; }
    .asked { align-self: flex-end; background: var(--accent); color: var(--paper); border-radius: .8rem .8rem .1rem .8rem; padding: .4rem .8rem; max-width: 85%; overflow-wrap: anywhere; }
    .told { overflow-wrap: anywhere; white-space: pre-wrap; }
    .told.writing { opacity: .65; }
    .number { border: 0; padding: 0 .15em; font-size: .75em; vertical-align: super; color: var(--accent); }
    .source { border-left: 3px solid var(--accent); background: var(--soft); padding: .4rem .7rem; margin-top: .5rem; white-space: normal; }
    .source strong { display: block; font-size: .85rem; }
    .source q { font-style: italic; }
    q:lang(zh) { font-style: normal; }
    form { display: flex; gap: .5rem; padding: .7rem; border-top: 1px solid var(--line); align-items: end; }
    textarea { flex: 1; resize: none; border: 1px solid var(--line); border-radius: .5rem; background: transparent; padding: .4rem .6rem; max-height: 8rem; }
    form button { background: var(--accent); color: var(--paper); border-color: var(--accent); }
  `;

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

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
        if (name.startsWith("event: ")) yield [name.slice(7), JSON.parse(data.slice(6))];
      }
    }
  }

  class FootnoteChat extends HTMLElement {
    #token = "";
    #until = 0;
    #history = [];
    #busy = false;

    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
      this.lang = this.#language;
      this.opener = make("button", "opener", "?");
      this.opener.setAttribute("aria-label", this.#say("open"));
      this.opener.setAttribute("aria-expanded", "false");
      this.panel = make("section", "panel");
      this.panel.hidden = true;
      this.panel.setAttribute("role", "dialog");
      this.panel.setAttribute("aria-label", this.getAttribute("heading") || this.#say("title"));
      const head = make("header");
      const close = make("button", "", "×");
      close.setAttribute("aria-label", this.#say("close"));
      head.append(make("h2", "", this.getAttribute("heading") || this.#say("title")), close);
      this.talk = make("div", "talk");
      this.talk.setAttribute("role", "log");
      this.talk.setAttribute("aria-live", "polite");
      this.talk.tabIndex = 0;
      this.talk.append(make("p", "told", this.#say("hello")));
      const form = make("form");
      this.input = make("textarea");
      this.input.rows = 1;
      this.input.setAttribute("aria-label", this.#say("question"));
      this.input.placeholder = this.#say("question");
      form.append(this.input, make("button", "", this.#say("send")));
      this.panel.append(head, this.talk, form);
      root.append(this.panel, this.opener);
      this.opener.addEventListener("click", () => this.#show(true));
      close.addEventListener("click", () => this.#show(false));
      root.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.#show(false);
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === this.input) {
          event.preventDefault();
          form.requestSubmit();
        }
      });
      form.addEventListener("submit", (event) => { event.preventDefault(); this.#ask(); });
    }

    get #language() {
      const wanted = this.getAttribute("language") || "auto";
      if (wanted in words) return wanted;
      return (document.documentElement.lang || navigator.language).startsWith("zh") ? "zh" : "en";
    }

    #say(name) { return words[this.#language][name]; }

    #reason({ code, message }) {
      const known = this.#language === "zh" && reasons[code];
      return known ? `${known}（${message}）` : message;
    }

    #show(open) {
      this.panel.hidden = !open;
      this.opener.hidden = open;
      this.opener.setAttribute("aria-expanded", String(open));
      (open ? this.input : this.opener).focus();
    }

    // A token that the page's own server made for a person it knows, or one for nobody in particular.
    async #visitor() {
      const given = this.getAttribute("token");
      if (given) return given;
      if (Date.now() < this.#until) return this.#token;
      const response = await fetch(`${service}/v1/visitors`, { method: "POST", credentials: "omit" });
      const told = await response.json();
      if (!response.ok) throw new Error(this.#reason(told.error));
      this.#token = told.token;
      this.#until = Date.now() + (told.expires_in_s - 30) * 1000;
      return this.#token;
    }

    async #ask() {
      const question = this.input.value.trim();
      if (!question || this.#busy) return;
      this.#busy = true;
      this.input.value = "";
      this.talk.append(make("p", "asked", question));
      const told = make("div", "told writing", this.#say("searching"));
      this.talk.append(told);
      told.scrollIntoView({ block: "end" });
      try {
        await this.#answer(question, told);
      } catch (error) {
        // A browser says no more than TypeError where it may not read the answer.
        const reason = error instanceof TypeError ? this.#say("unreachable") : error.message;
        told.textContent = `${this.#say("failed")} ${reason}`;
        // It need not be written again.
        this.input.value ||= question;
      }
      told.classList.remove("writing");
      this.#busy = false;
    }

    async #answer(question, told) {
      const response = await fetch(`${service}/v1/ask`, {
        method: "POST",
        credentials: "omit",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${await this.#visitor()}` },
        body: JSON.stringify({ question, history: this.#history, stream: true }),
      });
      if (!response.ok) throw new Error(this.#reason((await response.json()).error));
      let [text, isWhole] = ["", false];
      for await (const [name, value] of events(response)) {
        if (name === "delta") { text += value.text; told.textContent = text; }
        if (name === "error") throw new Error(this.#reason(value.error));
        if (name === "answer") {
          isWhole = true;
          this.#tell(value, told);
          this.#history.push({ role: "user", content: question }, { role: "assistant", content: value.answer });
          this.#history = this.#history.slice(-2 * MOST_TURNS);
        }
      }
      if (!isWhole) throw new Error(this.#say("broken"));
    }

    #tell(answer, told) {
      told.replaceChildren();
      told.lang = answer.language;
      if (!answer.sentences.length) { told.textContent = answer.answer; return; }
      const source = make("div", "source");
      source.hidden = true;
      for (const sentence of answer.sentences) {
        told.append(sentence.text);
        for (const number of sentence.citations) {
          const mark = make("button", "number", `[${number}]`);
          mark.setAttribute("aria-label", `${this.#say("source")} ${number}`);
          mark.setAttribute("aria-expanded", "false");
          mark.addEventListener("click", () => this.#toggle(mark, source, answer.citations[number - 1]));
          told.append(mark);
        }
        told.append(answer.language === "zh" ? "" : " ");
      }
      told.append(source);
      told.scrollIntoView({ block: "nearest" });
    }

    #quoted(text) {
      const quote = make("q", "", text);
      quote.lang = /[\u3400-\u9fff]/.test(text) ? "zh" : "en";
      quote.dir = "auto";
      return quote;
    }

    #toggle(mark, source, citation) {
      const open = mark.getAttribute("aria-expanded") !== "true";
      for (const other of source.parentNode.querySelectorAll(".number")) other.setAttribute("aria-expanded", "false");
      mark.setAttribute("aria-expanded", String(open));
      source.hidden = !open;
      const page = citation.page ? this.#say("page").replace("{page}", citation.page) : "";
      const doubt = citation.unverified ? ` (${this.#say("unverified")})` : "";
      source.replaceChildren(make("strong", "", `[${citation.number}] ${citation.document_name}${page}${doubt}`), this.#quoted(citation.quote));
      if (open) source.scrollIntoView({ block: "nearest" });
    }
  }

  if (!customElements.get("footnote-chat")) customElements.define("footnote-chat", FootnoteChat);
  const begin = () => {
    if (document.querySelector("footnote-chat")) return;
    const chat = document.createElement("footnote-chat");
    for (const name of ["theme", "language", "heading", "token"]) {
      if (script && script.dataset[name]) chat.setAttribute(name, script.dataset[name]);
    }
    document.body.append(chat);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();
})();
