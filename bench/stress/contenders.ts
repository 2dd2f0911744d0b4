import type { Contender } from "./counting-store.ts";
import { MASTRA_STORES } from "./mastra-stores.ts";
import { ownLibrary } from "./own-store.ts";
import { PEER_STORES } from "./peer-stores.ts";

export const CONTENDERS: readonly Contender[] = [ownLibrary, ...PEER_STORES, ...MASTRA_STORES];
