/** What is run: the source of a function, its context, and whether it calls its host. */
export interface BenchSkill {
  readonly name: string;
  /** An expression: `(context, host) => result`. */
  readonly code: string;
  readonly contextJson: string;
  /** The length of the result's JSON text, to tell that it was really computed. */
  readonly resultLength: number;
  readonly callsHost: boolean;
}

function echo(name: string, bytes: number): BenchSkill {
  const items = Array.from({ length: bytes / 50 }, (_, index) => ({
    id: 10_000 + index,
    name: `item number ${10_000 + index} of many`,
  }));
  const contextJson = JSON.stringify({ items });
  return {
    name,
    code: "(context) => context",
    contextJson,
    resultLength: contextJson.length,
    callsHost: false,
  };
}

export const TRIVIAL: BenchSkill = {
  name: "trivial",
  code: "(context) => context.a + 1",
  contextJson: '{"a":1}',
  resultLength: 1,
  callsHost: false,
};

/** About 20 ms in an interpreter. */
export const CPU_BOUND: BenchSkill = {
  name: "CPU-bound: fib(24)",
  code: "() => { const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); return fib(24); }",
  contextJson: "null",
  resultLength: 5,
  callsHost: false,
};

export const SKILLS: readonly BenchSkill[] = [
  TRIVIAL,
  echo("10 KB in and out", 10_000),
  echo("1 MB in and out", 1_000_000),
  {
    name: "one host call",
    code: "async (context, host) => (await host.tool('echo', context)).a + 1",
    contextJson: '{"a":1}',
    resultLength: 1,
    callsHost: true,
  },
  CPU_BOUND,
];
