import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SkillStore } from "../../store/skill-store.ts";
import { historyRecorder, readHistory } from "../history/history-file.ts";
import { STRESS_MIX, stressKeys, stressOperations } from "./stress-plan.ts";
import type { StressMix } from "./stress-plan.ts";
import { stressReport } from "./stress-report.ts";
import type { StressReport } from "./stress-report.ts";
import { storeSubject } from "./stress-subject.ts";

export interface StressStoreOptions {
  /** Opens the same data once more, as another process would; the stress closes it. */
  readonly connect: (client: string) => SkillStore | Promise<SkillStore>;
  /** The same seed makes the same operations. */
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
 * checks what they were told.
 */
export async function stressStore(options: StressStoreOptions): Promise<StressReport> {
  const { connect, seed, clients = 4, operations = 300, keys = 3, mix = STRESS_MIX } = options;
  const directory = mkdtempSync(join(tmpdir(), "repertoire-history-"));
  try {
    const names = Array.from({ length: clients }, (_, index) => `client ${index + 1}`);
    await Promise.all(
      names.map(async (client) => {
        const recorder = historyRecorder(join(directory, `${client}.jsonl`), client);
        const subject = storeSubject(await connect(client), recorder);
        const plan = stressOperations({ seed, client, keys, mix });
        for (let count = 0; count < operations; count++) await subject.perform(plan.next().value);
        await subject.close();
        recorder.close();
      }),
    );
    const recorder = historyRecorder(join(directory, "last.jsonl"), "last");
    const last = storeSubject(await connect("last"), recorder);
    for (const key of stressKeys(keys)) {
      await last.perform({ op: "get", key });
      await last.perform({ op: "history", key });
    }
    await last.close();
    recorder.close();
    const { maxSteps } = options;
    return stressReport(seed, readHistory(directory), maxSteps === undefined ? {} : { maxSteps });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
