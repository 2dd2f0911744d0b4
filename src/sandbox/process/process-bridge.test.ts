import { describeBridge } from "../contract/bridge.contract.ts";
import { quickjsProcessSandbox } from "./quickjs-process-sandbox.ts";

describeBridge((size) => quickjsProcessSandbox(size));
