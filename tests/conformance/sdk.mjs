// The official JavaScript SDK in Node: commands as JSON lines on stdin, events on stdout.
// Argument: the folder of the npm package.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { makeDriver } from "./driver.mjs";

const require = createRequire(import.meta.url);
const { Centrifuge } = require(process.argv[2]);
const { version } = require(`${process.argv[2]}/package.json`);

// Before 5.8 the SDK mixes up the order of messages that it gets within one task. A browser gives
// each message a task of its own; Node gives all that one read of the socket brought in one task.
const isMixedUp = version.localeCompare("5.8", "en", { numeric: true }) < 0;
const TaskedWebSocket = class extends WebSocket {
  set onmessage(handle) {
    super.onmessage = (event) => setImmediate(handle, event);
  }

  set onclose(handle) {
    super.onclose = (event) => setImmediate(handle, event);
  }
};

// Node's own WebSocket takes headers, which a browser's sets by itself: cookie and origin.
function webSocketWith(headers) {
  return class extends (isMixedUp ? TaskedWebSocket : WebSocket) {
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
