import type { SandboxSize } from "../../index.ts";
import { UsageError } from "../failures/usage-error.ts";

type Engine = NonNullable<SandboxSize["engine"]>;

/** Every engine has to be here, or this does not compile. */
const ENGINES: Readonly<Record<Engine, true>> = {
  quickjs: true,
  "quickjs-process": true,
  v8: true,
  auto: true,
};

/**
 * The sandbox that `REPERTOIRE_ENGINE` asks for; nothing when it is not set or empty.
 *
 * @throws {UsageError} when it names no engine
 */
export function sandboxFromEnvironment(environment: NodeJS.ProcessEnv): {
  readonly sandbox?: SandboxSize;
} {
  const named = environment["REPERTOIRE_ENGINE"];
  if (named === undefined || named === "") return {};
  if (!Object.hasOwn(ENGINES, named)) {
    const known = Object.keys(ENGINES).join(", ");
    throw new UsageError(`Expected REPERTOIRE_ENGINE to be one of ${known}, got "${named}"`);
  }
  return { sandbox: { engine: named as Engine } };
}
