/**
 * Who may be granted what. A policy only ever takes away from what a skill declares: the library's
 * holds for every run, a caller's for the runs it asks for, and a run may bring one of its own.
 * Where there are several, a capability must be in each; they hold for everything the run calls.
 */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Capability } from "../../skill/skill.ts";
import { checkKnownOptions, checkOneOf, checkTexts, isPlainObject } from "../check-options.ts";
import type { GrantPolicy, Policy } from "../options.ts";
import { checkQuotas } from "./run-quotas.ts";

/** One policy among those a run is under. */
export interface PolicyLayer {
  /** Names it grants, by kind; every declared one of a kind that it does not mention. */
  readonly granted: Readonly<Record<Capability["kind"], ReadonlySet<string> | undefined>>;
  /** Why something is not granted by it, and what would grant it. */
  readonly refusal: (field: string) => string;
}

/** The policies of a library. */
export interface PolicyRules {
  /** Those of one run, the library's first. */
  layersOf(caller: string | undefined, ofRun?: GrantPolicy): readonly PolicyLayer[];
}

/** Entry of `callers` for everyone who has none of their own. */
const EVERYONE_ELSE = "*";

const FIELDS = { tool: "tools", skill: "skills", fetch: "fetch.origins" } as const;

/** Where a policy lists names of a kind. */
export function policyField(kind: Capability["kind"]): string {
  return FIELDS[kind];
}

export function policyRules(policy: Policy): PolicyRules {
  const library = layer(
    // The host has no tool that it was not given, but it always has a network.
    { ...policy, fetch: { origins: policy.fetch?.origins ?? [] } },
    (field) => `the host's policy does not have it; add it to \`policy.${field}\``,
  );
  const callers = new Map(Object.entries(policy.callers ?? {}));
  const everyone: readonly PolicyLayer[] = [library];

  function ofCaller(caller: string | undefined): readonly PolicyLayer[] {
    const own = caller === undefined ? undefined : callers.get(caller);
    const found = own ?? callers.get(EVERYONE_ELSE);
    if (found === undefined) return everyone;
    const entry = JSON.stringify(own === undefined ? EVERYONE_ELSE : caller);
    const who = caller === undefined ? "who names no caller" : `caller ${JSON.stringify(caller)}`;
    return [
      library,
      layer(
        found,
        (field) => `${who} may not use it; add it to \`policy.callers[${entry}].${field}\``,
      ),
    ];
  }

  return {
    layersOf(caller, ofRun) {
      const layers = ofCaller(caller);
      if (ofRun === undefined) return layers;
      return [
        ...layers,
        layer(
          ofRun,
          (field) =>
            `the policy this run was started with does not have it; add it to \`${field}\` of that \`policy\``,
        ),
      ];
    },
  };
}

function layer(policy: GrantPolicy, refusal: PolicyLayer["refusal"]): PolicyLayer {
  return {
    granted: {
      tool: setOf(policy.tools),
      skill: setOf(policy.skills),
      fetch: setOf(policy.fetch?.origins),
    },
    refusal,
  };
}

function setOf(names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return names === undefined ? undefined : new Set(names);
}

/**
 * A misspelt policy would allow everything.
 *
 * @throws {INVALID_INPUT} for a field that is not known or not a list of names
 */
export function checkGrantPolicy(what: string, policy: unknown): void {
  if (policy === undefined) return;
  checkKnownOptions(what, policy, ["tools", "skills", "fetch"]);
  const { tools, skills, fetch } = policy as GrantPolicy;
  checkTexts(`${what}.tools`, tools);
  checkTexts(`${what}.skills`, skills);
  if (fetch === undefined) return;
  checkKnownOptions(`${what}.fetch`, fetch, ["origins"]);
  checkTexts(`${what}.fetch.origins`, fetch.origins);
  for (const origin of fetch.origins ?? []) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`${what}.fetch.origins\` to be a list of origins such as https://api.example.com, got ${preview(origin)}`,
      { details: { option: `${what}.fetch.origins` } },
    );
  }
}

/** @throws {INVALID_INPUT} for a policy of a library, or of one of its callers, that is malformed */
export function checkPolicy(policy: Policy | undefined): void {
  if (policy === undefined) return;
  checkKnownOptions("policy", policy, [
    "tools",
    "skills",
    "fetch",
    "callers",
    "quotas",
    "duplicates",
    "claims",
  ]);
  // The fetch policy has more to it and checks itself.
  const { callers = {}, quotas, fetch: _fetch, duplicates, claims, ...ofLibrary } = policy;
  checkQuotas(quotas);
  checkOneOf("policy.claims", claims, ["advisory", "exclusive"]);
  checkOneOf("policy.duplicates", duplicates, ["warn", "refuse"]);
  checkGrantPolicy("policy", ofLibrary);
  if (!isPlainObject(callers)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`policy.callers\` to be an object of policies by caller, got ${preview(callers)}`,
      { details: { option: "policy.callers" } },
    );
  }
  for (const [caller, own] of Object.entries(callers)) {
    const place = `policy.callers[${JSON.stringify(caller)}]`;
    // An entry without a policy would otherwise be taken for none.
    checkKnownOptions(place, own, ["tools", "skills", "fetch"]);
    checkGrantPolicy(place, own);
  }
}
