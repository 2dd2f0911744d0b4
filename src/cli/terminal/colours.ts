/** Colours where the stream shows them: not in a pipe, not under NO_COLOR or TERM=dumb, always under FORCE_COLOR. */
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

/** The style of a skill's or a run's status. */
export function statusStyle(status: string): Style {
  if (status === "ok" || status === "active") return "green";
  if (
    status === "draft" ||
    status === "deprecated" ||
    status === "cancelled" ||
    status === "skipped"
  )
    return "yellow";
  return "red";
}
