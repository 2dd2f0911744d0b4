/** The first rule that fits decides, so special cases stand before general ones. */
const RULES = [
  {
    kind: "captcha",
    pattern: /captcha|are you (?:a )?human|unusual traffic|bot detect/i,
    retry: false,
    action:
      "Stop and ask a person to pass the check, or use an official API; do not try to get around it",
  },
  {
    kind: "rate-limit",
    pattern: /\b429\b|rate.?limit|too many requests|quota|throttl/i,
    retry: true,
    waitMs: 30_000,
    action: "Wait as long as the server asks, then continue with fewer requests at once",
  },
  {
    kind: "authentication",
    pattern:
      /\b401\b|unauthori[sz]ed|not logged in|log ?in required|session (?:has )?expired|invalid (?:token|credentials)/i,
    retry: false,
    action: "Sign in again or renew the token, then repeat the step",
  },
  {
    kind: "permission",
    pattern: /\b403\b|forbidden|access denied|permission|not granted|not allowed/i,
    retry: false,
    action: "Ask for the missing permission or choose a way that does not need it",
  },
  {
    kind: "conflict",
    pattern: /\b409\b|\b412\b|version conflict|already exists|modified by|stale version/i,
    retry: true,
    waitMs: 0,
    action: "Read the current state, apply the change to it, and submit again",
  },
  {
    kind: "element-hidden",
    pattern:
      /not (?:visible|clickable|interactable)|intercept|hidden|obscured|covered by|detached|stale element/i,
    retry: true,
    waitMs: 1000,
    action:
      "Close banners or dialogs, scroll the element into view, wait for it to settle, then look it up again",
  },
  {
    kind: "element-missing",
    pattern:
      /no (?:such )?element|element .{0,80}not found|(?:selector|locator).{0,80}(?:not found|no match|failed)|no element matches/i,
    retry: true,
    waitMs: 1000,
    action:
      "Wait for the page to load, check frames and dialogs, then try other selectors such as text, label or role",
    skill: "try_selectors",
  },
  {
    kind: "not-found",
    pattern: /\b404\b|\b410\b|not found|no such|does not exist|enoent/i,
    retry: false,
    action: "Check the address or name for mistakes and look for where it has moved",
  },
  {
    kind: "network",
    pattern:
      /econn|enotfound|eai_again|epipe|net::err|dns|socket hang up|network|connection (?:reset|refused|closed|lost)|name_not_resolved/i,
    retry: true,
    waitMs: 2000,
    action: "Check the address, then try again with back-off",
    skill: "retry_tool",
  },
  {
    kind: "server",
    pattern: /\b50[0-4]\b|bad gateway|service unavailable|internal server error|overloaded/i,
    retry: true,
    waitMs: 5000,
    action: "Try again with back-off; if it lasts, report that the service is down",
    skill: "retry_tool",
  },
  {
    kind: "timeout",
    pattern: /time.?out|timed out|deadline|took too long/i,
    retry: true,
    waitMs: 1000,
    action:
      "Try again once with a longer limit; if it fails again, split the work into smaller steps",
    skill: "retry_tool",
  },
  {
    kind: "invalid-data",
    pattern:
      /json|parse|unexpected (?:token|end)|syntax|malformed|invalid|schema|expected .{1,80} got|\b400\b|\b422\b|is not a function|undefined/i,
    retry: false,
    action:
      "Look at the data as it was received, correct the arguments or the format, then repeat the step",
    skill: "check_shape",
  },
  {
    kind: "resources",
    pattern: /out of memory|heap|enospc|disk full|no space|too large|\b413\b/i,
    retry: false,
    action: "Work on less at once: fewer rows, smaller pages, one file at a time",
  },
];

/** "Retry-After: 120" and "try again in 2 minutes", in milliseconds. */
function askedWait(message) {
  const match =
    /(?:retry.?after|try again in|wait)\W{0,5}(\d{1,6})\s?(ms|milli|s\b|sec|m\b|min|h\b|hour)?/i.exec(
      message,
    );
  if (match === null) return undefined;
  const unit = (match[2] ?? "s").toLowerCase();
  const factor =
    unit.startsWith("mil") || unit === "ms"
      ? 1
      : unit.startsWith("s")
        ? 1000
        : unit.startsWith("m")
          ? 60_000
          : 3_600_000;
  return Number(match[1]) * factor;
}

export default function suggestRecovery(context) {
  const message = context.error.slice(0, 10_000);
  const { attempt = 1, maxAttempts = 4 } = context;
  const rule = RULES.find(({ pattern }) => pattern.test(message));
  if (rule === undefined) {
    const action = "read the error closely, look at the current state, and change the approach";
    return attempt === 1
      ? {
          kind: "unknown",
          retry: true,
          waitMs: 1000,
          action: `Try once more; if it fails again, ${action}`,
        }
      : { kind: "unknown", retry: false, waitMs: 0, action: `Stop repeating the step: ${action}` };
  }

  const retry = rule.retry && attempt < maxAttempts;
  const waitMs = retry ? (askedWait(message) ?? rule.waitMs * 2 ** (attempt - 1)) : 0;
  const action =
    rule.retry && !retry
      ? `Stop after ${attempt} attempts and change the approach. Otherwise: ${rule.action}`
      : rule.action;
  return {
    kind: rule.kind,
    retry,
    waitMs,
    action,
    ...(rule.skill === undefined ? {} : { skill: rule.skill }),
  };
}
