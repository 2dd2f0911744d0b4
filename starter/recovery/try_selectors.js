export default async function trySelectors(context, host) {
  const { tool, selectors, args = {} } = context;
  const failures = [];
  for (const selector of selectors) {
    try {
      const value = await host.tool(tool, { ...args, selector });
      return { selector, value, failures };
    } catch (error) {
      // No other selector will do when the tool itself may not be used.
      if (error.name === "CapabilityError" || /denied|not granted/i.test(error.message))
        throw error;
      failures.push({ selector, message: error.message });
    }
  }
  const list = failures.map(({ selector, message }) => `${selector} (${message})`).join("; ");
  throw new RangeError(
    `Expected one of ${selectors.length} selectors to work with ${tool}, none did: ${list}`,
  );
}
