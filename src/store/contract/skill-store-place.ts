import type { Clock } from "../../base/clock.ts";
import type { SkillStore } from "../skill-store.ts";

/** An empty place for data; each `connect` opens the same data as another process would. */
export interface SkillStorePlace {
  connect(clock: Clock): Promise<SkillStore>;
  dispose(): Promise<void>;
}
