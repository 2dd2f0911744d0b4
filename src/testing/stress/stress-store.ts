import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SkillStore } from "../../store/skill-store.ts";
import { historyRecorder, readHistory } from "../history/history-file.ts";
import { wholeNumber } from "../whole-number.ts";
import { checkMix, STRESS_MIX, stressKeys, stressOperations } from "./stress-plan.ts";
import type { StressMix } from "./stress-plan.ts";
import { stressReport } from "./stress-report.ts";
import type { StressReport } from "./stress-report.ts";
import { storeSubject } from "./stress-subject.ts";
import type { StressSubject } from "./stress-subject.ts";

export interface StressStoreOptions {
  /** Opens the same data once more, as another process would; the stress closes it. */
  readonly connect: (client: string) => SkillStore | Promise<SkillStore>;
  /** A whole number; the same seed makes the same operations. */
  readonly seed: number;
  /** (default: 4) */
  readonly clients?: number;
  /** Operations of each client (default: 300). */
  readonly operations?: number;
  /** Skills they share (default: 3). */
  readonly keys?: number;
  readonly mix?: StressMix;
  readonly maxSteps?: number;
}

/**
 * Lets several connections to one store work on the same few skills at once, in this process, and
 * checks what they were told. A client ends early, which is a finding, when its store rejects with
 * anything but a `RepertoireError`.
 *
 * @throws {INVALID_INPUT} for a number that is out of range, or a mix of nothing
 */
export async function stressStore(options: StressStoreOptions): Promise<StressReport> {
  const { connect, seed, clients = 4, operations = 300, keys = 3, mix = STRESS_MIX } = options;
  wholeNumber("seed", seed, Number.MIN_SAFE_INTEGER);
  wholeNumber("clients", clients, 1);
  wholeNumber("operations", operations, 1);
  wholeNumber("keys", keys, 1);
  checkMix(mix, { guarded: false });
  const findings: string[] = [];
  const directory = mkdtempSync(join(tmpdir(), "repertoire-history-"));
  try {
    const names = Array.from({ length: clients }, (_, index) => `client ${index + 1}`);
    const work = async (client: string, perform: (subject: StressSubject) => Promise<void>) => {
      const recorder = historyRecorder(join(directory, `${client}.jsonl`), client);
      try {
        const subject = storeSubject(await connect(client), recorder);
        try {
          await perform(subject);
        } finally {
          await subject.close();
        }
      } catch (error) {
        findings.push(
          `${client} ended early: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      } finally {
        recorder.close();
      }
    };
    await Promise.all(
      names.map((client) =>
        work(client, async (subject) => {
          const plan = stressOperations({ seed, client, keys, mix });
          for (let count = 0; count < operations; count++) await subject.perform(plan.next().value);
        }),
      ),
    );
    await work("last", async (subject) => {
      for (const key of stressKeys(keys)) {
        await subject.perform({ op: "get", key });
        await subject.perform({ op: "history", key });
      }
    });
    const { maxSteps } = options;
    return stressReport(seed, readHistory(directory), {
      findings,
      ...(maxSteps === undefined ? {} : { maxSteps }),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
