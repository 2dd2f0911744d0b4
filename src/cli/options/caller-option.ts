import { Option } from "commander";

/** The option of every command that runs skills for somebody. */
export function callerOption(): Option {
  return new Option(
    "--caller <name>",
    "who asks: its policy holds, and it is recorded (default: $REPERTOIRE_CALLER, else nobody)",
  );
}

/** Who asks, by the command line or by the environment; an empty variable names nobody. */
export function callerOf(flags: { readonly caller?: string }): string | undefined {
  const { REPERTOIRE_CALLER: fromEnvironment = "" } = process.env;
  return flags.caller ?? (fromEnvironment === "" ? undefined : fromEnvironment);
}
