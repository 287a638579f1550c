// Why something was refused or failed, in Chinese; in English the service says it itself.

import { speaks } from "/assets/words.js";

const BROKEN = "文件已损坏，无法读取：请重新保存或导出后再添加。";
const UNDRAWN = "无法显示此页：请打开原文件。";
const FAULT = "服务出现故障：请联系管理员。";
const DAMAGED = "服务的数据已损坏：请管理员用备份恢复。";

const REASONS = {
  answer_not_found: "没有您可以阅读的这个回答。",
  bad_request: "请求有误：请检查填写的内容。",
  backup: FAULT,
  busy: "服务正忙，或您的配额已用完：请稍后再试。",
  cancelled: "提问已取消。",
  collection_not_found: "没有您可以使用的这个文档集。",
  conflict: "已经存在，或当前状态不允许此操作。",
  corrupt: BROKEN,
  damaged_generation: DAMAGED,
  damaged_store: DAMAGED,
  data_in_use: FAULT,
  deadline: "未能在规定时间内得出回答：请重试，或缩短问题。",
  document_not_found: "没有您可以阅读的这份文档。",
  drawing_died: UNDRAWN,
  drawing_failed: UNDRAWN,
  drawing_timeout: UNDRAWN,
  empty: "文件是空的：请检查后重新添加。",
  encrypted: "文件有密码保护：请去除密码后再添加。",
  engine: FAULT,
  failed: FAULT,
  forbidden: "您没有此项权限：请联系管理员。",
  internal: FAULT,
  invalid_request: "请求有误：请检查填写的内容。",
  key_not_found: "没有这个密钥。",
  method_not_allowed: "请求有误：请刷新页面。",
  model_file: "模型文件缺失或不正确：请联系管理员。",
  no_such_page: "没有这一页。",
  no_text: "文件中没有文字：如果是扫描件，请检查页面是否空白。",
  not_found: "没有找到，或您无权查看。",
  not_ready: "服务暂时不可用：请稍后再试。",
  reader_died: "读取此文件时程序意外结束：请另存为其他格式后再添加。",
  reader_timeout: "读取时间过长，已停止：请拆分文件，或另存为其他格式。",
  settings: FAULT,
  storage_full: "磁盘已满：请先释放空间，再重试。",
  too_large: "文件或请求过大：请拆分后再试。",
  unauthenticated: "密钥无效：请输入有效的密钥。",
  unreadable: BROKEN,
  unsupported_type: "不支持这种文件，或内容与文件名不符：请另存为其他格式。",
};

// The service's own words stay beside the Chinese ones: they tell names and limits.
export function reason({ code, message }) {
  const known = speaks() === "zh" && REASONS[code];
  return known ? `${known}（${message}）` : message;
}
