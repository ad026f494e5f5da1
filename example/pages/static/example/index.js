/** The echo page: every event of one WebSocket, as it happens. */

import { showState } from "./pill.js";
import { LiveSocket } from "./socket.js";

const LONGEST_LOG = 200;

// Under the box: what to do there, or why nothing can be typed.
const WHY = {
  open: "Enter sends. Then disconnect, connect again, or send broken JSON.",
  connecting: "Wait for the connection to send.",
  closed: "There is no connection: press Connect to send.",
};

const element = (id) => document.getElementById(id);
const log = element("log");
const socket = new LiveSocket("ws/index/", { reconnects: false });
showState(socket, element("state"));

function note(kind, text) {
  const entry = document.createElement("li");
  entry.dataset.kind = kind;
  for (const [name, content] of [
    ["time", new Date().toLocaleTimeString("en-GB")],
    ["kind", kind],
    ["what", text],
  ]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = content;
    entry.append(part);
  }
  log.append(entry);
  while (log.children.length > LONGEST_LOG) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
}

socket.addEventListener("open", () => note("open", socket.address));
socket.addEventListener("message", ({ detail }) => note("message", JSON.stringify(detail)));
socket.addEventListener("error", () =>
  note("error", "The browser doesn’t say more. Is the service running?"),
);
socket.addEventListener("close", ({ detail: { code, reason, wasClean } }) =>
  note("close", `code ${code}, reason ${JSON.stringify(reason)}, wasClean ${wasClean}`),
);
socket.addEventListener("state", ({ detail: state }) => {
  element("connect").disabled = state !== "closed";
  element("disconnect").disabled = state === "closed";
  for (const id of ["message", "submit", "broken"]) element(id).disabled = state !== "open";
  element("why").textContent = WHY[state];
});

element("connect").addEventListener("click", () => socket.open());
element("disconnect").addEventListener("click", () => socket.close(1000, "the button"));
element("broken").addEventListener("click", () => {
  note("sent", "{oops");
  socket.sendText("{oops");
});
element("clear").addEventListener("click", () => log.replaceChildren());
element("send").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = { message: element("message").value };
  if (!socket.send(value)) return;
  note("sent", JSON.stringify(value));
  element("message").select();
});
socket.open();
