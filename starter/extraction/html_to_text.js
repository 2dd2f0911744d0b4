/** Elements whose content is no text of the page; all of it is passed over. */
const RAW = new Set([
  "script",
  "style",
  "title",
  "template",
  "noscript",
  "iframe",
  "svg",
  "textarea",
]);
const BLOCKS = new Set(
  "address article aside blockquote body br caption dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section select summary table tr ul".split(
    " ",
  ),
);
const TAG = /<(\/?)([a-z][^\s/>]*)/iy;
const ATTRIBUTE = /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/y;
const ENTITIES = new Map(
  (
    "amp:&;lt:<;gt:>;quot:\";apos:';nbsp: ;copy:©;reg:®;trade:™;euro:€;pound:£;yen:¥;cent:¢;deg:°;times:×;" +
    "middot:·;bull:•;ndash:–;mdash:—;hellip:…;lsquo:‘;rsquo:’;ldquo:“;rdquo:”;laquo:«;raquo:»;shy:"
  )
    .split(";")
    .map((entity) => entity.split(":")),
);

function decode(text) {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi,
    (entity, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES.get(name) ?? entity;
      const code = decimal === undefined ? parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    },
  );
}

/** Texts and tags in document order: as tolerant as a browser, and linear in time. */
function* tokens(html) {
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    const textEnd = open === -1 ? html.length : open;
    if (textEnd > at) yield { text: decode(html.slice(at, textEnd)) };
    if (open === -1) return;

    TAG.lastIndex = open;
    const head = TAG.exec(html);
    if (head === null) {
      const special = html.startsWith("<!--", open)
        ? "-->"
        : /[!?/]/.test(html[open + 1] ?? "")
          ? ">"
          : undefined;
      if (special === undefined) yield { text: "<" };
      const end = special === undefined ? open : html.indexOf(special, open + 2);
      at = end === -1 ? html.length : end + (special?.length ?? 1);
      continue;
    }

    at = TAG.lastIndex;
    const attributes = new Map();
    for (;;) {
      ATTRIBUTE.lastIndex = at;
      const match = ATTRIBUTE.exec(html);
      if (match === null) break;
      attributes.set(match[1].toLowerCase(), decode(match[2] ?? match[3] ?? match[4] ?? ""));
      at = ATTRIBUTE.lastIndex;
    }
    const close = html.indexOf(">", at);
    if (close === -1) return;
    at = close + 1;
    const tag = head[2].toLowerCase();
    yield { tag, closing: head[1] === "/", attributes };

    if (head[1] === "" && RAW.has(tag)) {
      const end = new RegExp(`</${tag}[\\s/>]`, "gi");
      end.lastIndex = at;
      at = end.exec(html)?.index ?? html.length;
    }
  }
}

export default function htmlToText(context) {
  const html = context.html ?? context.prev_result;
  if (typeof html !== "string")
    throw new TypeError(`Expected html to be a string, got ${typeof html}`);

  const lines = [""];
  for (const { text, tag, closing } of tokens(html)) {
    if (text !== undefined) {
      lines[lines.length - 1] += text.replace(/\s+/g, " ");
    } else if (BLOCKS.has(tag)) {
      lines.push(tag === "li" && !closing ? "- " : "");
    } else if ((tag === "td" || tag === "th") && !closing && lines.at(-1).trim() !== "") {
      lines[lines.length - 1] += " | ";
    }
  }
  return lines
    .map((line) => line.replace(/ {2,}/g, " ").trim())
    .filter((line) => line !== "" && line !== "-")
    .join("\n");
}
