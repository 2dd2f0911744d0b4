/** The link that leads to the following page: marked as such, or called so. */
function findNext(links, labels) {
  const marked = links.find(({ rel }) => rel.toLowerCase().split(/\s+/).includes("next"));
  if (marked !== undefined) return marked.url;
  const wanted = labels.map((label) => label.toLowerCase());
  return links.find(({ text }) => wanted.includes(text.toLowerCase()))?.url;
}

export default async function collectPages(context, host) {
  const { startUrl, itemUrlContains, maxPages = 10, maxItems = 1000 } = context;
  const labels = context.nextLabels ?? [
    "next",
    "next page",
    "next ›",
    "next »",
    "next →",
    "›",
    "»",
    "→",
    "older",
    "load more",
  ];

  const items = new Map();
  const pages = [];
  let url = startUrl;
  let stopped = "no next page";
  while (url !== undefined) {
    if (pages.includes(url)) {
      stopped = "next page was visited before";
      break;
    }
    if (pages.length === maxPages) {
      stopped = "page limit";
      break;
    }
    await host.tool("browser.open", { url });
    const html = await host.tool("browser.content", {});
    if (typeof html !== "string")
      throw new TypeError(`Expected browser.content to return HTML, got ${typeof html}`);
    pages.push(url);

    const links = await host.skill("extract_html_links", { html, baseUrl: url });
    const before = items.size;
    for (const link of links) {
      if (!link.url.includes(itemUrlContains)) continue;
      // An item is often linked twice, by its picture and by its title; the longer text says more.
      const known = items.get(link.url);
      if (known === undefined || known.text.length < link.text.length) {
        items.set(link.url, { url: link.url, text: link.text, page: known?.page ?? pages.length });
      }
    }
    await host.progress(
      Math.min(pages.length / maxPages, 1),
      `${items.size} items on ${pages.length} pages`,
    );

    // Some sites repeat the last page for every number beyond it.
    if (items.size === before) stopped = "page without new items";
    if (items.size >= maxItems) stopped = "item limit";
    if (stopped !== "no next page") break;
    url = findNext(links, labels);
  }
  return { items: [...items.values()].slice(0, maxItems), pages, stopped };
}
