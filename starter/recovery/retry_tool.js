// What trying again can not change: refused access, wrong arguments, things that are not there.
const PERMANENT =
  /denied|not granted|forbidden|unauthori[sz]ed|\b40[0134]\b|not found|invalid|unsupported/i;

export default async function retryTool(context, host) {
  const { tool, args = {}, attempts = 4, baseDelayMs = 250, maxDelayMs = 8000, retryOn } = context;
  const isTemporary = (message) =>
    retryOn === undefined
      ? !PERMANENT.test(message)
      : retryOn.some((part) => message.toLowerCase().includes(part.toLowerCase()));

  const errors = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const value = await host.tool(tool, args);
      return { value, attempts: attempt, errors };
    } catch (error) {
      errors.push(error.message);
      // The original error tells the caller most, and a denial must stay one.
      if (error.name === "CapabilityError" || !isTemporary(error.message)) throw error;
    }
    if (attempt < attempts) {
      // Full jitter: callers that failed together do not come back together.
      const ceilingMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
      await host.sleep(Math.round(Math.random() * ceilingMs));
    }
  }
  throw new Error(`${tool} failed ${attempts} times; the last error was: ${errors.at(-1)}`);
}
