const MAX_URL = 2048;
const START = /\b(?:https?:\/\/|www\.)/gi;
const END = /[\s<>"`{}|\\^\u201c\u201d]/;

const count = (text, character) => text.split(character).length - 1;

/** Drops what belongs to the sentence: closing punctuation, and a bracket that opens before the URL. */
function trimEnd(url) {
  const surplus = new Map([
    [")", count(url, ")") - count(url, "(")],
    ["]", count(url, "]") - count(url, "[")],
  ]);
  let end = url.length;
  for (; end > 0; end--) {
    const last = url[end - 1];
    if (".,;:!?'*_~’".includes(last)) continue;
    if (!(surplus.get(last) > 0)) break;
    surplus.set(last, surplus.get(last) - 1);
  }
  return url.slice(0, end);
}

export default function extractUrls(context) {
  const text = context.text ?? context.prev_result;
  if (typeof text !== "string")
    throw new TypeError(`Expected text to be a string, got ${typeof text}`);
  const host = context.host?.toLowerCase();

  const found = new Set();
  START.lastIndex = 0;
  for (let match = START.exec(text); match !== null; match = START.exec(text)) {
    const window = text.slice(match.index, match.index + MAX_URL);
    const length = END.exec(window)?.index ?? window.length;
    START.lastIndex = match.index + length;
    const raw = trimEnd(window.slice(0, length));
    const parts =
      /^(?:(https?):\/\/)?(?:[^/?#@]{1,200}@)?([^/?#:]{1,253})(:\d{1,5})?(?:[/?#]|$)/i.exec(raw);
    if (parts === null) continue;

    const name = parts[2].toLowerCase();
    if (!/^(?:localhost|[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,10})$/u.test(name)) continue;
    if (host !== undefined && name !== host && !name.endsWith(`.${host}`)) continue;
    found.add(parts[1] === undefined ? `https://${raw}` : raw);
  }
  return [...found];
}
