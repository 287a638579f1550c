// Every word of the page, in both languages.

const WORDS = {
  en: {
    ask: "Ask", documents: "Documents", key: "Key", question: "What would you like to know?", skip: "To the content",
    passages: "Passages", good: "Helpful", bad: "Not helpful", upload: "Add files: choose them, or drop them anywhere",
    folder: "or a folder", name: "Name", state: "State", grade: "Grade", close: "Close", save: "Save", parts: "Parts of the page",
    keyPrompt: "Your key", all: "All collections", searching: "Searching…", writing: "Writing…", stop: "Stop", stopped: "Stopped. The question is in its place again.",
    thanks: "Thank you.", uploading: "Uploading", pageAt: ", page {page}", unverified: "unverified source", other: "中文",
    searchTest: "Search test", searchHelp: "The same search that answers are written from: what is found, in which order, and by which scores.",
    find: "Find", access: "Access", collections: "Collections", collection: "Collection", keys: "Keys", make: "Make", user: "For the user (optional)",
    scope: "May", lowTrust: "of low trust", actions: "Actions", original: "Original", reread: "Read again", remove: "Delete", more: "More",
    sure: "Delete {name}? It goes everywhere, and at once.", into: "into", every: "all", conversations: "Conversations",
    newConversation: "New conversation", earlier: "Earlier in this conversation", footnotes: "Footnotes", why: "Why this answer?",
    note: "A note", uploads: "Uploads", source: "Source", pageView: "Page", textView: "Text", before: "‹ Page before", after: "Next page ›",
    pageOf: "{page} of {pages}", pageAlt: "{name}, page {page}, with the quoted place marked", newKey: "New key", shownOnce: "Copy this key now: it is shown once.", revoke: "Revoke",
    revoked: "revoked", grants: "Who may do what (one a line: user:NAME, group:NAME or key:ID, then ask, read, write or admin)",
    instructions: "How answers from it should sound", saved: "Saved.", changedMeanwhile: "Somebody changed the grants meanwhile; nothing was saved. They are now: {now}. Save again to replace them.", ready: "{count} documents", nothing: "Nothing was found.", onlyGrants: "only its grants", everywhere: "{scope}, in every collection",
    whySearch: "The question was looked for in {views} ways among {candidates} candidates, in {milliseconds} ms, by the words: {terms}.",
    whyGate: "Is there an answer? {score} (higher: more surely): {verdict}.", yes: "yes", no: "no", whyRead: "Read by the model, first to last",
    whyLeft: "Left out for want of room", whySentences: "What the model wrote, and how far the passages support it", kept: "kept", dropped: "dropped",
    whyEvidence: "Sentences that speak to the question, best first", whyAgain: "This answer was kept from the same question before.",
    score: "score", dense: "meaning", lexical: "words", rerank: "reranked", copied: "Same words also in", answeredNot: "not answered", offline: "The service does not answer.", broken: "The answer broke off: ask again.", noKey: "This is no key: a key has letters, digits and signs of ASCII only, and no spaces.",
    replaces: "{name} takes the place of the earlier file of this name.", sureKey: "Revoke {name}? It is dead at once, and for good.", pagePlain: "{name}, page {page}", starting: "The service is starting: its models are being loaded…",
    s_queued: "waiting", s_reading: "reading", s_embedding: "embedding", s_ready: "ready", s_failed: "failed", s_deleting: "deleting",
    g_good: "good", g_fair: "fair", g_poor: "poor", g_unreadable: "unreadable",
  },
  zh: {
    ask: "提问", documents: "文档", key: "密钥", question: "您想了解什么？", skip: "跳到内容",
    passages: "段落", good: "有帮助", bad: "没有帮助", upload: "添加文件：选择文件，或拖放到页面任意处",
    folder: "或文件夹", name: "名称", state: "状态", grade: "质量", close: "关闭", save: "保存", parts: "页面各部分",
    keyPrompt: "您的密钥", all: "全部文档集", searching: "正在检索…", writing: "正在撰写…", stop: "停止", stopped: "已停止，问题已放回输入框。",
    thanks: "谢谢。", uploading: "正在上传", pageAt: "，第{page}页", unverified: "未经核实的来源", other: "English",
    searchTest: "检索测试", searchHelp: "与回答所用的检索完全相同：找到了什么、顺序如何、各项得分多少。",
    find: "检索", access: "权限", collections: "文档集", collection: "文档集", keys: "密钥", make: "创建", user: "所属用户（可选）",
    scope: "权限", lowTrust: "低可信度", actions: "操作", original: "原文件", reread: "重新读取", remove: "删除", more: "更多",
    sure: "删除 {name}？将立即从各处删除。", into: "放入", every: "全部", conversations: "对话",
    newConversation: "新对话", earlier: "本次对话的前文", footnotes: "出处", why: "为什么是这个回答？",
    note: "备注", uploads: "上传", source: "来源", pageView: "页面", textView: "文本", before: "‹ 上一页", after: "下一页 ›",
    pageOf: "第 {page} / {pages} 页", pageAlt: "{name} 第 {page} 页，引文处已标出", newKey: "新密钥", shownOnce: "请立即复制此密钥：只显示一次。", revoke: "撤销",
    revoked: "已撤销", grants: "权限（每行一条：user:名称、group:名称或 key:编号，后接 ask、read、write 或 admin）",
    instructions: "回答的语气与要求", saved: "已保存。", changedMeanwhile: "授权期间已被他人修改，没有保存。现在是：{now}。再次保存将替换它们。", ready: "{count} 个文档", nothing: "没有找到。", onlyGrants: "仅限授权", everywhere: "{scope}（全部集合）",
    whySearch: "以 {views} 种方式检索，共 {candidates} 个候选，用时 {milliseconds} 毫秒；检索词：{terms}。",
    whyGate: "文档中有答案吗？{score}（越高越肯定）：{verdict}。", yes: "有", no: "没有", whyRead: "模型阅读的段落（先后顺序）",
    whyLeft: "因篇幅未采用", whySentences: "模型写的句子，以及段落的支持程度", kept: "保留", dropped: "舍去",
    whyEvidence: "与问题相关的句子（由强到弱）", whyAgain: "此回答来自之前相同的问题。",
    score: "得分", dense: "语义", lexical: "词语", rerank: "重排", copied: "相同内容还见于", answeredNot: "未回答", offline: "服务没有响应。", broken: "回答中断了：请重新提问。", noKey: "这不是密钥：密钥只含 ASCII 字母、数字和符号，不含空格。",
    replaces: "{name} 取代了此前的同名文件。", sureKey: "撤销 {name}？将立即永久失效。", pagePlain: "{name} 第 {page} 页", starting: "服务正在启动：正在加载模型…",
    s_queued: "等待中", s_reading: "读取中", s_embedding: "向量化", s_ready: "就绪", s_failed: "失败", s_deleting: "删除中",
    g_good: "良好", g_fair: "一般", g_poor: "较差", g_unreadable: "无法读取",
  },
};

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

export const speaks = () => language;

export function say(name, values = {}) {
  return WORDS[language][name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label));
  document.getElementById("change-language").textContent = say("other");
  document.getElementById("change-language").lang = language === "zh" ? "en" : "zh";
}

export function changeLanguage() {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  translate();
}
