/** Small skills for the tests, one for each way a run can end. */
export const GREET = {
  id: "greet",
  name: "Greet someone",
  description: "Greets a person by name. Use to welcome people.",
  category: "text",
  tags: ["hello"],
  code: "export default ({ name }) => `Hello ${name}`;\n",
  input: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
  examples: [{ context: { name: "Ada" }, result: "Hello Ada" }],
};

export const BOOM = {
  id: "boom",
  name: "Fail",
  description: "Throws an error, always.",
  code: 'export default () => {\n  console.warn("soon");\n  throw new TypeError("no such thing");\n}\n',
};

export const LOOP = {
  id: "loop",
  name: "Never end",
  description: "Runs for ever.",
  code: "export default () => { for (;;); }\n",
};

export const CLOCK = {
  id: "clock",
  name: "Tell the time",
  description: "Asks the host for the time.",
  code: 'export default (context, host) => host.tool("clock.now", context)\n',
  capabilities: { tools: ["clock.now"] },
};

/** Tells the host that it has begun, and then waits for long. */
export const WAIT = {
  id: "wait",
  name: "Wait",
  description: "Waits for long.",
  code: 'export default async (context, host) => { await host.tool("begin", {}); await host.sleep(25000); }\n',
  capabilities: { tools: ["begin"] },
};

export const SHOUT = {
  id: "shout",
  name: "Shout",
  description: "Turns the previous result into capitals.",
  code: "export default ({ prev_result }) => prev_result.toUpperCase();\n",
};

export const ADVICE = {
  id: "advice",
  name: "Advice",
  description: "How to be polite, in words.",
  instructions: "# Be polite\n\nSay please.",
};
