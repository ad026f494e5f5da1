// The official JavaScript SDK in Node: commands as JSON lines on stdin, events on stdout.
// Argument: the folder of the npm package.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { makeDriver } from "./driver.mjs";

const { Centrifuge } = createRequire(import.meta.url)(process.argv[2]);

// Node's own WebSocket takes headers, which a browser's sets by itself: cookie and origin.
function webSocketWith(headers) {
  return class extends WebSocket {
    constructor(url, protocols) {
      super(url, { protocols, headers });
    }
  };
}

const emit = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const act = makeDriver(Centrifuge, emit, webSocketWith);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => act(JSON.parse(line)));
lines.on("close", () => process.exit(0));
