const AROUND = 40;

/** Compared without regard to case, kinds of quotes and dashes, or white space. */
function normalize(text) {
  return text
    .normalize("NFKC")
    .replace(/[‘’‚`]/g, "'")
    .replace(/[“”„]/g, '"')
    .replace(/[‐‑–—−]/g, "-")
    .replace(/\s+/g, " ")
    .toLowerCase();
}

export default async function verifyPageFacts(context, host) {
  const { url, present = [], absent = [] } = context;
  if (present.length + absent.length === 0)
    throw new RangeError("Expected at least one fact in present or absent");

  // Without a URL the page that is open is checked.
  if (url !== undefined) await host.tool("browser.open", { url });
  const html = await host.tool("browser.content", {});
  if (typeof html !== "string")
    throw new TypeError(`Expected browser.content to return HTML, got ${typeof html}`);
  const text = normalize(await host.skill("html_to_text", { html }));

  const checkFact = (fact, expected) => {
    const at = text.indexOf(normalize(fact).trim());
    const found = at !== -1;
    const check = { fact, expected, passed: found === (expected === "present") };
    return found
      ? {
          ...check,
          excerpt: text.slice(Math.max(0, at - AROUND), at + fact.length + AROUND).trim(),
        }
      : check;
  };
  const checks = [
    ...present.map((fact) => checkFact(fact, "present")),
    ...absent.map((fact) => checkFact(fact, "absent")),
  ];
  return {
    passed: checks.every((check) => check.passed),
    failed: checks.filter((check) => !check.passed).length,
    checks,
  };
}
