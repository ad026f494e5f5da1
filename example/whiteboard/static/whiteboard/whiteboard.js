/** The whiteboard: strokes that others make, and one's own. */

import { hue, People, person, showPeople } from "../example/people.js";
import { showState } from "../example/pill.js";
import { ClientState, follow } from "../example/pushed.js";
import { Sheet } from "./sheet.js";

const MOST_POINTS = 150; // of a stroke: a longer one goes on as another
const LEAST_MOVE = 6; // the board's units
const SHOW_EVERY_MS = 60;
const UNFINISHED_MS = 4000;

const element = (id) => document.getElementById(id);
const me = element("board").dataset.user;
const drawn = new Sheet(element("drawn"));
const moving = new Sheet(element("moving"));
const { wsService } = window;
const board = wsService.subscription("board-topic");
const pens = wsService.subscription("pens-topic");

/** How many strokes are on the board; and what is on its way there, others' by client and our own. */
let count = 0;
const unfinished = new Map();
const own = new Set();

function complain(text) {
  element("notice").hidden = text === "";
  element("notice").textContent = text;
}

// --- What is on the board -----------------------------------------------------------------

function put(data) {
  if (data.clear) drawn.clear();
  else drawn.draw(data);
  count = data.clear ? 0 : count + 1;
  element("hint").hidden = count > 0;
}

let isMovingDue = false;

/** Draw what is on its way to the board, once for each picture of the screen. */
function showMoving() {
  if (isMovingDue) return;
  isMovingDue = true;
  requestAnimationFrame(() => {
    isMovingDue = false;
    moving.clear();
    for (const stroke of [...unfinished.values(), ...own]) moving.draw(stroke);
    element("names").replaceChildren(...[...unfinished.values()].map(nameTag));
  });
}

/** Whose pen it is, at its tip. */
function nameTag({ user, name, points }) {
  const tag = document.createElement("span");
  tag.textContent = name;
  tag.style.setProperty("--hue", hue(user));
  tag.style.left = `${(points.at(-2) / element("drawn").width) * 100}%`;
  tag.style.top = `${(points.at(-1) / element("drawn").height) * 100}%`;
  return tag;
}

board.on("publication", ({ data, info }) => {
  forget(info?.client);
  if (data.clear) element("event").textContent = info ? `${person(info).name} cleared the board` : "";
});
for (const data of JSON.parse(element("drawn-strokes").textContent)) put(data);
follow(board, put);

pens.on("publication", ({ data, info }) => {
  if (!info || info.user === me) return;
  const before = unfinished.get(info.client);
  clearTimeout(before?.timer);
  const points = [...(before?.points ?? []), ...data.points];
  const timer = setTimeout(() => forget(info.client), UNFINISHED_MS);
  unfinished.set(info.client, { ...data, ...person(info), points, timer });
  showMoving();
});
pens.subscribe();

/** A stroke is finished, or its pen was lifted where we didn't see it. */
function forget(client) {
  clearTimeout(unfinished.get(client)?.timer);
  if (unfinished.delete(client)) showMoving();
}

// --- Drawing ------------------------------------------------------------------------------

let stroke = null;
let shown = 0; // how much of it the others have seen
let shownAt = 0;

function choice(name) {
  return document.querySelector(`input[name=${name}]:checked`).value;
}

function begin(place) {
  stroke = { colour: choice("colour"), size: Number(choice("size")), points: [...place] };
  shown = 0;
  own.add(stroke);
  element("hint").hidden = true;
  showMoving();
}

function extend([x, y]) {
  const { points } = stroke;
  if (Math.hypot(x - points.at(-2), y - points.at(-1)) < LEAST_MOVE) return;
  points.push(x, y);
  showMoving();
  showOthers();
  if (points.length < 2 * MOST_POINTS) return;
  finish();
  begin([x, y]);
}

/** Let the others see the pen move. What gets lost comes with the whole stroke. */
function showOthers() {
  if (performance.now() - shownAt < SHOW_EVERY_MS || pens.state !== "subscribed") return;
  const points = stroke.points.slice(shown);
  shownAt = performance.now();
  shown = stroke.points.length;
  pens.publish({ ...stroke, points }).catch(() => {});
}

/** Put the stroke on the board: everybody's, ours as well, once the service says so. */
async function finish() {
  const finished = stroke;
  stroke = null;
  if (!finished) return;
  try {
    await board.publish(finished);
    complain("");
  } catch (error) {
    complain(`Your stroke did not reach the board (${error.message}). Draw it again.`);
  }
  own.delete(finished);
  element("hint").hidden = count > 0;
  showMoving();
}

const sheet = element("moving");
if (me) {
  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    sheet.setPointerCapture(event.pointerId);
    begin(moving.place(event));
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!stroke || !event.isPrimary) return;
    for (const each of event.getCoalescedEvents()) extend(moving.place(each));
  });
  for (const end of ["pointerup", "pointercancel"]) sheet.addEventListener(end, finish);
  element("clear").addEventListener("click", async () => {
    try {
      await board.publish({ clear: true });
      complain("");
    } catch (error) {
      complain(`The board was not cleared (${error.message}).`);
    }
  });
}

showPeople(new People(board), element("people"), me);
showState(new ClientState(wsService.client), element("state"));
