import { describeBridge } from "../contract/bridge.contract.ts";
import { quickjsSandbox } from "./quickjs-sandbox.ts";

describeBridge((size) => quickjsSandbox(size));
