// Files that were dropped or chosen, folders with all that is in them, under the names that the command line gives them.

// [[name, file]…]; a browser lets go of what was dropped when the event is over: the entries are taken at once.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((one) => one.isDirectory)) return [...transfer.files].map((file) => [file.name, file]);
  const found = [];
  for (const one of entries) found.push(...await within(one));
  return named(found);
}

export function chosen(files) {
  return named([...files].map((file) => [file.webkitRelativePath || file.name, file]));
}

// Of one folder alone, its files are called by their paths below it. What is hidden in a folder is left alone.
function named(found) {
  const seen = found.filter(([path]) => !path.split("/").slice(1).some((part) => part.startsWith(".")));
  const [root] = seen.length ? seen[0][0].split("/", 1) : [""];
  const isOne = seen.every(([path]) => path.startsWith(`${root}/`));
  return seen.map(([path, file]) => [isOne ? path.slice(root.length + 1) : path, file]);
}

async function within(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) return [[path, await new Promise((resolve, reject) => entry.file(resolve, reject))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A hundred at a time, until there are no more.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const one of some) found.push(...await within(one));
  }
}
