const RAW = new Set(["script", "style", "title", "template", "noscript", "iframe", "textarea"]);
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

function splitUrl(url) {
  const [, scheme, authority, path, query] =
    /^([a-z][a-z0-9+.-]*:)?(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/i.exec(url);
  return {
    scheme,
    authority,
    path,
    query,
    fragment: url.includes("#") ? url.slice(url.indexOf("#")) : "",
  };
}

/** Reference resolution of RFC 3986, section 5.2. */
function resolve(reference, base) {
  const to = splitUrl(reference);
  if (base === undefined || to.scheme !== undefined) return reference;
  const from = splitUrl(base);
  if (to.authority !== undefined) return from.scheme + reference;
  const origin = from.scheme + (from.authority ?? "");
  if (to.path === "") return origin + from.path + (to.query ?? from.query ?? "") + to.fragment;

  const folder = from.path.slice(0, from.path.lastIndexOf("/") + 1) || "/";
  const segments = [];
  const parts = (to.path.startsWith("/") ? to.path : folder + to.path).split("/").slice(1);
  for (const part of parts) {
    if (part === "..") segments.pop();
    else if (part !== ".") segments.push(part);
  }
  if (/^\.{1,2}$/.test(parts.at(-1))) segments.push("");
  return `${origin}/${segments.join("/")}${to.query ?? ""}${to.fragment}`;
}

export default function extractHtmlLinks(context) {
  const html = context.html ?? context.prev_result;
  if (typeof html !== "string")
    throw new TypeError(`Expected html to be a string, got ${typeof html}`);
  let base = context.baseUrl;
  if (base !== undefined && splitUrl(base).scheme === undefined) {
    throw new RangeError(`Expected baseUrl to be an absolute URL, got "${base}"`);
  }

  const links = [];
  let link;
  for (const { text, tag, closing, attributes } of tokens(html)) {
    if (text !== undefined) {
      if (link) link.text += text;
    } else if (tag === "base" && attributes.has("href")) {
      base = resolve(attributes.get("href"), base);
    } else if (tag === "a" || (tag === "link" && attributes.get("rel") === "next")) {
      const href = attributes.get("href")?.trim();
      link = undefined;
      if (
        closing ||
        href === undefined ||
        href.startsWith("#") ||
        /^(?:javascript|data):/i.test(href)
      )
        continue;
      const label = attributes.get("aria-label") ?? attributes.get("title") ?? "";
      links.push(
        (link = { url: resolve(href, base), text: "", label, rel: attributes.get("rel") ?? "" }),
      );
      if (tag === "link") link = undefined;
    } else if (tag === "img" && link && link.label === "") {
      link.label = attributes.get("alt") ?? "";
    }
  }

  const distinct = new Map();
  for (const { url, text, label, rel } of links) {
    const shown = text.replace(/\s+/g, " ").trim() || label.trim();
    if (!distinct.has(`${url} ${shown}`))
      distinct.set(`${url} ${shown}`, { url, text: shown, rel });
  }
  return [...distinct.values()];
}
