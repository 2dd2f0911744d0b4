import { describeAttacks } from "../contract/attacks/attacks.contract.ts";
import { quickjsSandbox } from "./quickjs-sandbox.ts";

describeAttacks((size) => quickjsSandbox(size));
