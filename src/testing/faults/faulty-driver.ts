import { setTimeout as wait } from "node:timers/promises";
import { RepertoireError } from "../../base/errors.ts";
import { seededRandom } from "../stress/seeded-random.ts";

/** How often what goes wrong, as shares of the calls from 0 to 1. */
export interface DriverFaults {
  readonly seed: number;
  /** Calls that take longer, up to `slowMs` (default: 0). */
  readonly slow?: number;
  /** (default: 20) */
  readonly slowMs?: number;
  /** Calls that reject with `STORE_UNAVAILABLE` and never reach the driver (default: 0). */
  readonly error?: number;
  /** Calls that reach the driver and whose answer is lost: they reject with `CANCELLED` (default: 0). */
  readonly lost?: number;
}

/**
 * The same driver, of any socket, some of whose calls go wrong; `close` never does. Every method returns a
 * promise, also one that otherwise would not have to.
 */
export function faultyDriver<Driver extends object>(
  driver: Driver,
  { seed, slow = 0, slowMs = 20, error = 0, lost = 0 }: DriverFaults,
): Driver {
  const random = seededRandom(`${seed} driver faults`);

  const disturbed = async (name: string, call: () => unknown): Promise<unknown> => {
    const isSlow = random.next() < slow;
    const delayMs = random.next() * slowMs;
    const isFailing = random.next() < error;
    const isLost = random.next() < lost;
    if (isSlow) await wait(delayMs);
    if (isFailing)
      throw new RepertoireError(
        "STORE_UNAVAILABLE",
        `\`${name}\` was not reached: an injected fault`,
      );
    const answer = await call();
    if (isSlow) await wait(random.next() * delayMs);
    if (isLost)
      throw new RepertoireError(
        "CANCELLED",
        `The answer to \`${name}\` was lost: an injected fault`,
      );
    return answer;
  };

  return new Proxy(driver, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || typeof name !== "string" || name === "close") return value;
      return (...given: readonly unknown[]) =>
        disturbed(name, () => Reflect.apply(value, target, given) as unknown);
    },
  });
}
