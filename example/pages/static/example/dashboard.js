/** The dashboard: two charts of the points that the site sends. */

import { TimeChart } from "./chart.js";
import { showNode, showState } from "./pill.js";
import { post } from "./post.js";
import { LiveSocket } from "./socket.js";

const LONGEST_TABLE = 60;
const REDRAW_MS = 1000;
// One point a second is due.
const SILENCE_MS = 5000;

const element = (id) => document.getElementById(id);
const charts = {
  load: new TimeChart(element("load-chart"), { least: 1 }),
  sessions: new TimeChart(element("sessions-chart"), { least: 4 }),
};
const socket = new LiveSocket("ws/dashboard/");
showState(socket, element("state"), element("node"));
let heard = null;

function addRow({ at, load, sessions, sent_by: sentBy }) {
  const row = document.createElement("tr");
  row.dataset.kind = sentBy === null ? "second" : "sent";
  for (const text of [new Date(at).toLocaleTimeString("en-GB"), load.toFixed(2), sessions, sentBy ?? "the clock"]) {
    row.insertCell().textContent = text;
  }
  element("points").prepend(row);
  while (element("points").children.length > LONGEST_TABLE) {
    element("points").lastElementChild.remove();
  }
}

/** A point has come, or the connection through which one can. */
function hear() {
  heard = { at: new Date(), ms: performance.now() };
  tellSilence();
}

/** An open connection proves nothing about what is behind it: say when no points come. */
function tellSilence() {
  const isSilent =
    socket.state === "open" && heard !== null && performance.now() - heard.ms > SILENCE_MS;
  element("silence").hidden = !isSilent;
  if (!isSilent) return;
  element("silence").textContent =
    `No points since ${heard.at.toLocaleTimeString("en-GB")}, though the service holds the connection. ` +
    "Redis may be away, or the command feed_dashboard.";
}

const answers = {
  joined({ node }) {
    showNode(element("node"), node);
  },
  point(point) {
    hear();
    element("load").textContent = point.load.toFixed(2);
    element("sessions").textContent = point.sessions;
    charts.load.add(point.load, point.sent_by);
    charts.sessions.add(point.sessions, point.sent_by);
    addRow(point);
  },
};
socket.addEventListener("message", ({ detail }) => answers[detail.type]?.(detail));

element("send-point").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  const trouble = await post(event.target);
  element("notice").hidden = trouble === "";
  element("notice").textContent = trouble;
  button.disabled = false;
});

socket.addEventListener("open", hear);
socket.addEventListener("state", tellSilence);
// Time passes also when nothing comes.
setInterval(() => {
  Object.values(charts).forEach((chart) => chart.draw());
  tellSilence();
}, REDRAW_MS);
socket.open();
