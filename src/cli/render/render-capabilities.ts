/** Capabilities as people read them. */
import type { MeasuredGrants } from "../../index.ts";
import type { Capabilities } from "../../skill/skill.ts";
import { statusStyle } from "../terminal/colours.ts";
import type { Paint } from "../terminal/colours.ts";
import { plural } from "../terminal/plural.ts";
import { oneLine } from "../terminal/text-width.ts";

/** Such as `tools a, b; skill c`; empty when there are none. */
export function renderCapabilities({ tools, skills, fetch }: Capabilities): string {
  return [named("tool", tools), named("skill", skills), named("origin", fetch)]
    .filter((part) => part !== "")
    .join("; ");
}

function named(noun: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  return `${noun}${names.length === 1 ? "" : "s"} ${names.map(oneLine).join(", ")}`;
}

/** How a measurement went, and how what was found differs from what is declared. */
export function renderMeasured(measured: MeasuredGrants, paint: Paint): string {
  const { skillId, version, undeclared, unused, passedOn, isComplete, runs } = measured;
  const missing = renderCapabilities(undeclared);
  const inherited = renderCapabilities({ ...passedOn, skills: [] });
  const spare = renderCapabilities(unused);
  const failed = runs.filter(({ status }) => status !== "ok").length;
  return [
    ...runs.map(
      ({ with: name, status, hostCalls, error }) =>
        `${paint(statusStyle(status), status)} with ${name}: ${plural(hostCalls, "call")}${error === undefined ? "" : `, then ${oneLine(error.name)}: ${oneLine(error.message)}`}`,
    ),
    ...(missing === "" ? [] : [`${paint("yellow", "needed and not declared:")} ${missing}`]),
    ...(inherited === ""
      ? []
      : [`${paint("yellow", "declared by the skills it calls:")} ${inherited}`]),
    ...(isComplete
      ? []
      : [
          paint(
            "yellow",
            `${failed} of ${plural(runs.length, "run")} did not get through: what it would have called after that is not known`,
          ),
        ]),
    ...(spare === "" || !isComplete
      ? []
      : [`${paint("yellow", "declared and not needed:")} ${spare}`]),
    `The smallest capabilities of ${oneLine(skillId)}@${version}, as far as ${plural(runs.length, "run")} ${runs.length === 1 ? "tells" : "tell"}:`,
  ].join("\n");
}
