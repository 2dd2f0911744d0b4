/**
 * Claims: an agent that is about to spend minutes on a skill says so, and others see it.
 *
 * A claim is a lease for writing of the lock `skill:<id>`, so it ends by itself, can be waited for,
 * and its token guards writes. It keeps nobody else from writing unless the library's policy says
 * so. Reads show it at no cost: what is known of claims stays valid until the store has seen a
 * commit of another connection, and leases are commits.
 */
import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { Fence } from "../../base/fence.ts";
import { preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { Lease, LockDriver, LockHolder } from "../../lock/lock-driver.ts";
import { isSkillId, SKILL_ID_RULE } from "../../skill/skill-id.ts";
import type { SkillClaim } from "../../skill/skill.ts";
import type { SkillStore, WriteGuard } from "../../store/skill-store.ts";
import { checkKnownOptions } from "../check-options.ts";

export interface ClaimOptions {
  /** Who claims it, as others are told (default: the process and its number). */
  readonly by?: string;
  /** What for, as others are told. */
  readonly note?: string;
  /** How long it lasts unless it is renewed or released, in milliseconds (default: 600,000). */
  readonly ttlMs?: number;
  /** How long to wait for whoever has claimed it, in milliseconds (default: 0, not at all). */
  readonly waitMs?: number;
  /** Takes up the claim with this token, also one of another process, in place of a new one; `ttlMs` renews it. */
  readonly token?: bigint;
  readonly signal?: AbortSignal;
}

export interface ClaimsParts {
  readonly store: SkillStore;
  readonly locks: LockDriver;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Whether the store sees every commit of the locks. */
  readonly shareFile: boolean;
  /** Whether a claim keeps others from writing. */
  readonly areExclusive: boolean;
}

interface KnownClaim {
  readonly claim: SkillClaim;
  /** By the clock that never goes backwards. */
  readonly endsAtMs: number;
}

/** What the key of a claim begins with. */
export const CLAIM_PREFIX = "skill:";

export class Claims {
  readonly #parts: ClaimsParts;
  #known: ReadonlyMap<string, KnownClaim> = new Map();
  #commitsSeen: number | undefined;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  async claim(id: string, options: ClaimOptions = {}): Promise<Lease> {
    checkKnownOptions("claim", options, ["by", "note", "ttlMs", "waitMs", "token", "signal"]);
    const key = keyOf(id);
    const { ttlMs = this.#parts.limits.claimTtlMs, token, ...rest } = options;
    if (token !== undefined) {
      refuseBesideToken(rest);
      throwIfAborted(rest.signal, `Taking up the claim of skill "${id}"`);
      return this.#parts.locks.resume(key, token, options.ttlMs);
    }
    try {
      return await this.#parts.locks.acquire(key, { waitMs: 0, ...rest, ttlMs });
    } catch (error) {
      throw claimedError(id, error);
    }
  }

  /** Ends the claim of a skill, whoever has it; whether there was one. */
  async end(id: string): Promise<boolean> {
    return (await this.#parts.locks.revoke(keyOf(id))) > 0;
  }

  /** The claim of a skill at the store's last look at what others committed. */
  of(id: string): SkillClaim | undefined | Promise<SkillClaim | undefined> {
    const refreshing = this.#refresh();
    return refreshing === undefined ? this.#find(id) : refreshing.then(() => this.#find(id));
  }

  /** The same things, those that are claimed with their claims. */
  async mark<T extends { readonly id: string }>(
    items: readonly T[],
  ): Promise<readonly (T & { readonly claim?: SkillClaim })[]> {
    await this.#refresh();
    if (this.#known.size === 0) return items;
    return items.map((item) => {
      const claim = this.#find(item.id);
      return claim === undefined ? item : { ...item, claim };
    });
  }

  /**
   * What the store is to check with a write.
   *
   * @throws {INVALID_INPUT} when the lease is none, or this store can not check it
   */
  guard(id: string, lease: Fence | undefined): { readonly guard?: WriteGuard } {
    const { store, areExclusive } = this.#parts;
    if (lease === undefined && !areExclusive) return {};
    if (lease !== undefined) checkLease(lease);
    if (store.checksGuards !== true)
      throw new RepertoireError(
        "INVALID_INPUT",
        lease === undefined
          ? "This library's store can not keep writers away from claimed skills; leave `policy.claims` advisory"
          : "This library's store can not check leases; write without `lease`, or use a store that can",
        { details: { option: lease === undefined ? "policy.claims" : "lease" } },
      );
    return {
      guard: {
        ...(lease === undefined ? {} : { lease: { key: lease.key, token: lease.token } }),
        ...(areExclusive ? { exclusiveKey: keyOf(id) } : {}),
      },
    };
  }

  /** @throws {INVALID_INPUT} as {@link guard} does, where the skill is not known yet */
  check(lease: Fence | undefined): void {
    if (lease !== undefined) this.guard("any", lease);
  }

  #refresh(): void | Promise<void> {
    const { store, locks, shareFile } = this.#parts;
    const commitsSeen = shareFile ? store.commitsSeen : undefined;
    if (commitsSeen !== undefined && commitsSeen === this.#commitsSeen) return;
    const holders = locks.holders(CLAIM_PREFIX);
    if (holders instanceof Promise) return holders.then((all) => this.#learn(all, commitsSeen));
    this.#learn(holders, commitsSeen);
  }

  #learn(holders: readonly LockHolder[], commitsSeen: number | undefined): void {
    const { clock } = this.#parts;
    this.#known = new Map(
      holders
        .filter(({ mode }) => mode === "write")
        .map((holder) => {
          const id = holder.key.slice(CLAIM_PREFIX.length);
          const before = this.#known.get(id);
          return [id, knownClaim(holder, clock, before)];
        }),
    );
    this.#commitsSeen = commitsSeen;
  }

  #find(id: string): SkillClaim | undefined {
    const known = this.#known.get(id);
    if (known === undefined || this.#parts.clock.monotonicMs() >= known.endsAtMs) return undefined;
    return known.claim;
  }
}

/** What was known is kept where nothing changed, so that what shows it need not be made anew. */
function knownClaim(
  { by, note, token, heldMs, remainingMs }: LockHolder,
  clock: Clock,
  before: KnownClaim | undefined,
): KnownClaim {
  const endsAtMs = clock.monotonicMs() + remainingMs;
  const isSame =
    before !== undefined &&
    before.claim.token === String(token) &&
    Math.abs(before.endsAtMs - endsAtMs) < 1;
  if (isSame) return before;
  const nowMs = clock.now();
  const claim = {
    by,
    ...(note === undefined ? {} : { note }),
    since: isoTime(nowMs - heldMs),
    until: isoTime(nowMs + remainingMs),
    token: String(token),
  };
  return { claim: Object.freeze(claim), endsAtMs };
}

function keyOf(id: string): string {
  if (isSkillId(id)) return CLAIM_PREFIX + id;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected a skill id (${SKILL_ID_RULE}), got ${preview(id)}`,
  );
}

/** Who has it, and what for, was said when the claim was made, and nobody is waited for. */
function refuseBesideToken(options: Pick<ClaimOptions, "by" | "note" | "waitMs">): void {
  for (const option of ["by", "note", "waitMs"] as const)
    if (options[option] !== undefined)
      throw new RepertoireError(
        "INVALID_INPUT",
        `\`${option}\` does not go with \`token\`, which takes up a claim as it is; leave one of them out`,
        { details: { option } },
      );
}

function checkLease(lease: Fence): void {
  if ((lease as Partial<Lease> | null)?.mode === "read")
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`lease\` to be held for writing: others share lock ${preview(lease.key)}, so it guards no write; take it in mode "write"`,
      { details: { option: "lease", key: lease.key } },
    );
  const { key, token } = (
    typeof lease === "object" && lease !== null ? lease : {}
  ) as Partial<Fence>;
  if (typeof key === "string" && typeof token === "bigint") return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`lease\` to be a lease, or its { key, token } with a bigint token, got ${preview(lease)}`,
    { details: { option: "lease" } },
  );
}

function claimedError(id: string, error: unknown): unknown {
  if (!(error instanceof RepertoireError && error.code === "LOCK_TIMEOUT")) return error;
  const { holders = [] } = error.details as {
    readonly holders?: readonly { readonly by: string; readonly until: string; note?: string }[];
  };
  const [holder] = holders;
  if (holder === undefined) return error;
  const note = holder.note === undefined ? "" : ` (${holder.note})`;
  return new RepertoireError(
    "LOCK_TIMEOUT",
    `Skill "${id}" is claimed by ${preview(holder.by)} until ${holder.until}${note}; work on something else, or wait for it with \`waitMs\``,
    { cause: error, details: { skillId: id, ...error.details } },
  );
}
