import { describeBridge } from "../contract/bridge.contract.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

describeBridge((size) => v8Sandbox(size === undefined ? {} : { workers: size.workers }));
