import { describeAttacks } from "../contract/attacks/attacks.contract.ts";
import { quickjsProcessSandbox } from "./quickjs-process-sandbox.ts";

describeAttacks((size) => quickjsProcessSandbox(size));
