/** One order: its changes, as they are made. */

import { showState } from "../example/pill.js";
import { ClientState, follow } from "../example/pushed.js";

const element = (id) => document.getElementById(id);
const changes = element("changes");

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

function showTime(time, at) {
  time.dateTime = at;
  time.textContent = TIME.format(new Date(at));
}

/** Put a change in its place. The page may know it already, from the database. */
function add({ number, state, label, note, at }) {
  const known = [...changes.children];
  if (known.some((item) => Number(item.dataset.number) === number)) return;
  const item = element("change-template").content.firstElementChild.cloneNode(true);
  Object.assign(item.dataset, { number, state, isNew: "" });
  showTime(item.querySelector("time"), at);
  item.querySelector(".label").textContent = label;
  item.querySelector(".note").textContent = note;
  const next = known.find((other) => Number(other.dataset.number) > number);
  changes.insertBefore(item, next ?? null);
  if (!next) showNow(state, label);
}

function showNow(state, label) {
  element("now").textContent = label;
  element("now").dataset.state = state;
  showWay(state);
}

function showWay(state) {
  const steps = [...element("way").children];
  const reached = steps.findIndex((step) => step.dataset.state === state);
  steps.forEach((step, index) => step.classList.toggle("reached", index <= reached));
  element("way").dataset.state = state;
}

for (const time of changes.querySelectorAll("time")) showTime(time, time.dateTime);
showWay(element("now").dataset.state);
const { wsService } = window;
follow(wsService.subscription("order-topic"), add);
showState(new ClientState(wsService.client), element("state"));
