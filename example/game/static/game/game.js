/** Catch the light. The browser asks for moves and catches; the service says what counts. */

import { hue, People, person } from "../example/people.js";
import { showState } from "../example/pill.js";
import { ClientState } from "../example/pushed.js";
import { Pilot } from "./pilot.js";

const UNITS = 1000;
const STEP = 45; // shorter than the rules allow: rounding must not make it a leap
const STEP_MS = 66;
const NEAR = 60;
const BANNER_MS = 3000;

const element = (id) => document.getElementById(id);
const { user: me, goal } = element("game").dataset;
const field = element("field");
const { wsService } = window;
const game = wsService.subscription("game-topic");
const moves = wsService.subscription("moves-topic");
const people = new People(game);

let place = null; // mine; null until the service has said where I am
let light = null;
let scores = [];
const tokens = new Map();

// --- What is seen -------------------------------------------------------------------------

function put(item, { x, y }) {
  item.style.left = `${(x / UNITS) * 100}%`;
  item.style.top = `${(y / UNITS) * 100}%`;
}

/** The token of a player, made when it is first seen. */
function token({ user, name }) {
  if (!tokens.has(user)) {
    const item = document.createElement("span");
    item.className = "token";
    item.classList.toggle("me", user === me);
    item.dataset.user = user;
    item.style.setProperty("--hue", hue(user));
    item.dataset.name = name;
    field.append(item);
    tokens.set(user, item);
  }
  return tokens.get(user);
}

function showLight(next) {
  if (light && next.number < light.number) return; // late
  light = next;
  element("light").hidden = false;
  element("light").dataset.number = light.number;
  put(element("light"), light);
}

function showScores() {
  const here = new Map(people.everybody.map((each) => [each.user, { ...each, score: 0 }]));
  for (const { user, name, score } of scores) here.set(user, { user, name, score });
  const rows = [...here.values()].sort((one, other) => other.score - one.score);
  element("scores").replaceChildren(
    ...rows.map(({ user, name, score }) => {
      const row = document.createElement("li");
      row.className = "score";
      row.dataset.user = user;
      row.classList.toggle("gone", !people.has(user));
      row.style.setProperty("--hue", hue(user));
      row.style.setProperty("--part", `${(score / goal) * 100}%`);
      const points = document.createElement("strong");
      points.textContent = score;
      const who = document.createElement("span");
      who.textContent = user === me ? `${name} (you)` : name;
      row.append(who, points);
      return row;
    }),
  );
  element("onlookers").hidden = people.onlookers === 0;
  element("onlookers").textContent = `${people.onlookers} looking on`;
}

let bannerTimer;

function announce(text) {
  clearTimeout(bannerTimer);
  element("banner").textContent = text;
  bannerTimer = setTimeout(() => (element("banner").textContent = ""), BANNER_MS);
}

function flash(at, user) {
  const ring = document.createElement("span");
  ring.className = "ring";
  ring.style.setProperty("--hue", hue(user));
  put(ring, at);
  field.append(ring);
  ring.addEventListener("animationend", () => ring.remove());
}

// --- What the service says ----------------------------------------------------------------

function stand({ round, light: shining, scores: present }) {
  showLight(shining);
  scores = present;
  element("round").textContent = round;
  showScores();
}

/** Ask how the game stands and where we are in it: at first, after a return, after a refusal. */
async function enter() {
  try {
    const { data } = await wsService.client.rpc("game.enter", {});
    stand(data);
    if (!me) return;
    place = data.place;
    put(token({ user: me, name: "You" }), place);
    await tell(place);
  } catch (error) {
    announce(`The game did not answer: ${error.message}`);
  }
}

game.on("subscribed", enter);
game.on("publication", ({ data }) => {
  stand(data);
  flash(data.caught, data.caught.by);
  if (data.winner) announce(data.winner.user === me ? "You win this round!" : `${data.winner.name} wins this round`);
});
game.subscribe();

moves.on("publication", ({ data, info }) => {
  if (info && info.user !== me) put(token(person(info)), data);
});
moves.subscribe();

people.addEventListener("change", showScores);
// Who comes in sees nobody until they move: show where we are.
people.addEventListener("came", () => place && tell(place));
people.addEventListener("left", ({ detail: { user } }) => {
  tokens.get(user)?.remove();
  tokens.delete(user);
});

// --- Playing ------------------------------------------------------------------------------

let isTelling = false;
let isCatching = false;

/** Tell a move; true when it counts. One at a time: a slow line makes a slow player. */
async function tell(at) {
  if (isTelling) return false;
  isTelling = true;
  try {
    await moves.publish({ x: Math.round(at.x), y: Math.round(at.y) });
    return true;
  } catch {
    return false;
  } finally {
    isTelling = false;
  }
}

async function step(pilot) {
  if (!place || isTelling || moves.state !== "subscribed") return;
  const { x, y } = pilot.next(place, STEP);
  if (clamp(x) === place.x && clamp(y) === place.y) return;
  place = { x: clamp(x), y: clamp(y) };
  put(token({ user: me, name: "You" }), place);
  if (await tell(place)) reach();
  else enter();
}

const clamp = (value) => Math.min(UNITS, Math.max(0, value));

async function reach() {
  if (isCatching || !light || Math.hypot(place.x - light.x, place.y - light.y) > NEAR) return;
  isCatching = true;
  try {
    await wsService.client.rpc("game.catch", { light: light.number });
  } catch {
    // The connection is lost: the light is still there when it is back, or another.
  } finally {
    isCatching = false;
  }
}

if (me) {
  const pilot = new Pilot(field, UNITS);
  setInterval(() => step(pilot), STEP_MS);
}
showState(new ClientState(wsService.client), element("state"));
