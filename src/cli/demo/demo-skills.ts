/** The few skills the demo brings along for its own acts. */
import type { SkillDraft } from "../../index.ts";
import { counterDraft } from "./counter.ts";

export const CONTESTED = "demo/price_label";
export const COUNTERS: readonly string[] = ["demo/counter_1", "demo/counter_2", "demo/counter_3"];
/** One spins in its own code, the other within a single built-in call, where only killing its thread helps. */
export const RUNAWAYS: readonly string[] = ["demo/endless_loop", "demo/endless_sort"];

/** @param session a name no other session of the demo has, so that content never repeats */
export function demoDrafts(session: string): readonly SkillDraft[] {
  return [
    {
      id: CONTESTED,
      name: "Format a price label",
      description: "Format an amount of money as a label for a shop page.",
      category: "demo",
      tags: ["price"],
      code: [
        "export default function ({ amount, currency = 'EUR' }) {",
        "  return `${amount.toFixed(2)} ${currency}`;",
        "}",
        "",
      ].join("\n"),
      examples: [{ context: { amount: 12.5 }, result: "12.50 EUR" }],
      metadata: { session },
    },
    ...COUNTERS.map((id) => counterDraft(id, session)),
    runaway("demo/endless_loop", "Endless loop", "export default () => { for (;;); };\n", session),
    runaway(
      "demo/endless_sort",
      "Endless sort",
      [
        "export default () => {",
        "  const values = Array.from({ length: 200_000 }, (_, index) => index % 1000);",
        "  for (;;) values.sort();",
        "};",
        "",
      ].join("\n"),
      session,
    ),
  ];
}

function runaway(id: string, name: string, code: string, session: string): SkillDraft {
  const description = "Never ends by itself; shows that a deadline holds.";
  return { id, name, description, category: "demo", tags: ["demo"], code, metadata: { session } };
}
