/**
 * What the outcomes of a skill's runs say of it, as a small number to add to its score: enough to
 * decide between skills that fit a query about equally well, never to offer one that does not.
 *
 * The success rate of a skill is unknown; runs narrow it down. Before any run it is thought to be
 * like the library's (a Beta distribution of that mean, worth `PRIOR_RUNS` runs), so a new skill has
 * no disadvantage. A skill rises only once the lower end of what its rate may be is above the
 * library's rate, and sinks only once the upper end is below: a single lucky run moves nothing.
 */
import { NEAR_TIE } from "./fusion.ts";

/** Runs of one version that were judged by how they ended. */
export interface Outcomes {
  readonly successes: number;
  readonly failures: number;
  /** Time since the last of them, in milliseconds. */
  readonly ageMs: number;
}

/** Two skills differ by twice this at most. */
export const MAX_OUTCOME_LIFT = NEAR_TIE / 2;

const PRIOR_RUNS = 2;
/** Evidence counts half when it is this old. */
const HALF_LIFE_MS = 90 * 24 * 60 * 60 * 1000;
/** Runs beyond this say nothing new, and would keep a skill that broke from sinking for long. */
const MAX_RUNS = 200;
/** Probability that the rate is beyond the bound that is looked at. */
const DOUBT = 0.1;
const BISECTIONS = 24;

/**
 * What to add to the score, from -0.05 to 0.05; 0 while the runs leave it open.
 *
 * @param libraryRate success rate over all skills, above 0 and below 1
 */
export function outcomeLift({ successes, failures, ageMs }: Outcomes, libraryRate: number): number {
  const runs = successes + failures;
  if (runs === 0) return 0;
  const fading = 0.5 ** (Math.max(0, ageMs) / HALF_LIFE_MS);
  const weight = Math.min(1, MAX_RUNS / runs) * fading;
  const a = PRIOR_RUNS * libraryRate + weight * successes;
  const b = PRIOR_RUNS * (1 - libraryRate) + weight * failures;
  const isBetter = successes / runs > libraryRate;
  const below = betaCumulative(libraryRate, a, b, logBeta(a, b));
  const isOpen = isBetter ? below >= DOUBT : below <= 1 - DOUBT;
  if (isOpen) return 0;
  const bound = betaQuantile(isBetter ? DOUBT : 1 - DOUBT, a, b);
  return (MAX_OUTCOME_LIFT * (bound - libraryRate)) / (isBetter ? 1 - libraryRate : libraryRate);
}

/** The rate of a library with these runs, never quite 0 or 1 (Jeffreys' prior). */
export function smoothedRate(successes: number, failures: number): number {
  return (successes + 0.5) / (successes + failures + 1);
}

/** Where a Beta distribution has this share of its probability below, found by bisection. */
export function betaQuantile(share: number, a: number, b: number): number {
  const scale = logBeta(a, b);
  let low = 0;
  let high = 1;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (betaCumulative(middle, a, b, scale) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22). */
function betaCumulative(x: number, a: number, b: number, scale: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCumulative(1 - x, b, a, scale);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - scale);
  return front / (a * fraction(x, a, b));
}

/** Evaluated from the front by the method of Lentz, as modified by Thompson and Barnett. */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-30;
  let value = 1;
  let c = 1;
  let d = 0;
  for (let n = 1; n <= 300; n++) {
    const m = n >> 1;
    const term =
      n % 2 === 0
        ? (m * (b - m) * x) / ((a + n - 1) * (a + n))
        : (-(a + m) * (a + b + m) * x) / ((a + n - 1) * (a + n));
    d = 1 / (1 + term * d || tiny);
    c = 1 + term / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-8) break;
  }
  return value;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Lanczos' approximation (g = 5, six terms), good to 2e-10 for positive numbers. */
function logGamma(x: number): number {
  const terms = [
    76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155,
    0.1208650973866179e-2, -0.5395239384953e-5,
  ];
  const sum = terms.reduce((total, term, n) => total + term / (x + n + 1), 1.000000000190015);
  return (x + 0.5) * Math.log(x + 5.5) - (x + 5.5) + Math.log((Math.sqrt(2 * Math.PI) * sum) / x);
}
