import { describeAttacks } from "../contract/attacks/attacks.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

describeAttacks((size) => v8Sandbox(size === undefined ? {} : { workers: size.workers }));
