/** The device: what it reports, whether it is there, and its switch. */

import { TimeChart } from "../example/chart.js";
import { People } from "../example/people.js";
import { showState } from "../example/pill.js";
import { post } from "../example/post.js";
import { ClientState, follow } from "../example/pushed.js";

const REDRAW_MS = 1000;

const element = (id) => document.getElementById(id);
const { user: device } = element("device").dataset;
const chart = new TimeChart(element("chart"), { seconds: 120, least: 40 });
const toggle = element("toggle");
const { wsService } = window;
const readings = wsService.subscription("device-topic");

/** A reading; `ageMs` is how old it was when it came. */
function show({ celsius, lamp, at }, ageMs = 0) {
  chart.add(celsius, null, ageMs);
  element("celsius").textContent = celsius.toFixed(1);
  element("lamp").dataset.lamp = lamp ? "on" : "off";
  element("lamp-says").textContent = lamp ? "On, says the device" : "Off, says the device";
  element("device").dataset.at = at;
  showWish();
}

/** Whether the device does what the switch says. */
function showWish() {
  if (!toggle) return;
  const wish = toggle.ariaChecked === "true" ? "on" : "off";
  toggle.classList.toggle("waiting", element("lamp").dataset.lamp !== wish);
}

// The oldest first, by the device's clock: how far apart they are is all that counts.
const known = JSON.parse(element("readings").textContent);
for (const reading of known) show(reading, known.at(-1).at - reading.at);
follow(readings, (reading) => show(reading));

const people = new People(readings);
people.addEventListener("change", () => {
  const isThere = people.has(device);
  element("presence").dataset.state = isThere ? "open" : "offline";
  element("presence").textContent = isThere ? "Online" : "Offline";
});

element("switch")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const isWanted = toggle.ariaChecked !== "true";
  element("wish").value = isWanted ? "on" : "off";
  toggle.ariaChecked = isWanted;
  showWish();
  const trouble = await post(event.target);
  element("notice").hidden = trouble === "";
  element("notice").textContent = trouble;
  if (trouble) toggle.ariaChecked = !isWanted;
  showWish();
});

setInterval(() => chart.draw(), REDRAW_MS);
showWish();
showState(new ClientState(wsService.client), element("state"));
