/** The front page: one counter by two ways, and buttons that get in the way of both. */

import { cutFor } from "./cut.js"; // before anything opens a WebSocket
import { showState } from "../example/pill.js";
import { post } from "../example/post.js";
import { ClientState, follow } from "../example/pushed.js";
import { LiveSocket } from "../example/socket.js";
import { Side } from "./side.js";
import { inWords, Tally } from "./tally.js";

const CUT_MS = 3000;
// How long a restart, or a stop and a start, keeps the buttons busy.
const BUSY_MS = { "restart-service": 4000, "stop-redis": 7000 };
const QUIET_MS = 800;
const HISTORY_LIMIT = 300;

const element = (id) => document.getElementById(id);
const rendered = Number(element("compare").dataset.rendered);
const sides = {
  left: new Side(element("left"), new Tally(rendered)),
  right: new Side(element("right"), new Tally(rendered)),
};
let verdictTimer;
let told = "";

function hear(side, n, isRecovered = false) {
  if (!sides[side].tally.add(n, isRecovered)) return;
  scheduleDrawing();
}

let isDrawingDue = false;

/** Once for all numbers that come together. */
function scheduleDrawing() {
  if (isDrawingDue) return;
  isDrawingDue = true;
  queueMicrotask(() => {
    isDrawingDue = false;
    const newest = Math.max(sides.left.tally.last, sides.right.tally.last);
    sides.left.draw(newest);
    sides.right.draw(newest);
    judge();
  });
}

/** Say in words what happened, once it has been quiet for a moment: it is read aloud, too. */
function judge() {
  const { left, right } = sides;
  const what = [left.tally.missed, right.tally.missed, right.tally.recovered].join();
  if (what === told) return;
  told = what;
  clearTimeout(verdictTimer);
  verdictTimer = setTimeout(() => {
    element("verdict").textContent = verdict(left.tally, right.tally);
  }, QUIET_MS);
}

function verdict(left, right) {
  if (left.missed + right.missed + right.recovered === 0) return "Nothing is missing on either side yet.";
  const range = left.gaps.at(-1);
  const lost = range ? ` Last: ${inWords(range)}.` : "";
  return (
    `Plain Channels missed ${left.missed}.${lost} ` +
    `ws-service missed ${right.missed}, and brought ${right.recovered} later, in order.`
  );
}

const socket = new LiveSocket("ws/counter/");
showState(socket, element("left-state"));
socket.addEventListener("message", ({ detail }) => {
  if (detail.type === "step") hear("left", detail.n);
});
socket.open();

const { wsService } = window;
const subscription = wsService.subscription("counter-topic");
showState(new ClientState(wsService.client), element("right-state"));
follow(subscription, ({ n }, isRecovered) => hear("right", n, isRecovered), readHistory);

/** Redis came back without its data, so nobody can vouch for a gap: take what there is again. */
async function readHistory() {
  try {
    const { publications } = await subscription.history({ limit: HISTORY_LIMIT, reverse: true });
    for (const { data } of publications.reverse()) hear("right", data.n, true);
  } catch {
    // The connection is lost again: its return decides.
  }
}

const buttons = [...document.querySelectorAll("#buttons button")];

function setBusy(isBusy) {
  for (const button of buttons) button.disabled = isBusy;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function tell(text, isTrouble = false) {
  element("event").textContent = text;
  element("event").classList.toggle("error", isTrouble);
}

element("cut").addEventListener("click", async () => {
  setBusy(true);
  tell("Your connection is cut. The site counts on …");
  await cutFor(CUT_MS);
  tell("Your connection is back. Both sides return by themselves.");
  setBusy(false);
});

for (const form of document.querySelectorAll("#buttons form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setBusy(true);
    const trouble = await post(form);
    tell(trouble || form.dataset.tell, trouble !== "");
    if (!trouble) {
      await wait(BUSY_MS[form.dataset.action]);
      tell(form.dataset.done);
    }
    setBusy(false);
  });
}
