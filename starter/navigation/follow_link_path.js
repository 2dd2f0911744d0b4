const MAX_CANDIDATES = 20;

const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();

/** The link that is called so, else the shortest that mentions it, else one whose URL does. */
function choose(links, label) {
  const wanted = plain(label);
  const exact = links.find(({ text }) => plain(text) === wanted);
  if (exact !== undefined) return exact;
  const mentions = links.filter(({ text }) => plain(text).includes(wanted));
  if (mentions.length > 0)
    return mentions.reduce((best, next) => (next.text.length < best.text.length ? next : best));
  const slug = wanted.replaceAll(" ", "-");
  return links.find(({ url }) => url.toLowerCase().includes(slug));
}

export default async function followLinkPath(context, host) {
  const { startUrl, path } = context;
  const trail = [];
  let url = startUrl;

  const openPage = async () => {
    await host.tool("browser.open", { url });
    const html = await host.tool("browser.content", {});
    if (typeof html !== "string")
      throw new TypeError(`Expected browser.content to return HTML, got ${typeof html}`);
    return html;
  };

  let html = await openPage();
  for (const label of path) {
    const links = await host.skill("extract_html_links", { html, baseUrl: url });
    const link = choose(links, label);
    if (link === undefined) {
      const texts = links.map(({ text }) => text).filter((text) => text !== "");
      return {
        reached: false,
        url,
        trail,
        missing: label,
        candidates: [...new Set(texts)].slice(0, MAX_CANDIDATES),
      };
    }
    url = link.url;
    trail.push({ label, text: link.text, url });
    html = await openPage();
  }
  return { reached: true, url, trail };
}
