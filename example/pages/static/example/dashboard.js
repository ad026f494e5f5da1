/** The dashboard: two charts of the points that the site sends. */

import { TimeChart } from "./chart.js";
import { showNode, showState } from "./pill.js";
import { LiveSocket } from "./socket.js";

const LONGEST_TABLE = 60;
const REDRAW_MS = 1000;

const element = (id) => document.getElementById(id);
const charts = {
  load: new TimeChart(element("load-chart"), { least: 1 }),
  sessions: new TimeChart(element("sessions-chart"), { least: 4 }),
};
const socket = new LiveSocket("ws/dashboard/");
showState(socket, element("state"), element("node"));

function addRow({ at, load, sessions, spike_by: spikeBy }) {
  const row = document.createElement("tr");
  row.dataset.kind = spikeBy === null ? "second" : "spike";
  const sentBy = spikeBy === null ? "the clock" : spikeBy;
  for (const text of [new Date(at).toLocaleTimeString("en-GB"), load.toFixed(2), sessions, sentBy]) {
    row.insertCell().textContent = text;
  }
  element("points").prepend(row);
  while (element("points").children.length > LONGEST_TABLE) {
    element("points").lastElementChild.remove();
  }
}

const answers = {
  joined({ node }) {
    showNode(element("node"), node);
  },
  point(point) {
    element("load").textContent = point.load.toFixed(2);
    element("sessions").textContent = point.sessions;
    charts.load.add(point.load, point.spike_by);
    charts.sessions.add(point.sessions, point.spike_by);
    addRow(point);
  },
};
socket.addEventListener("message", ({ detail }) => answers[detail.type]?.(detail));

async function sendSpike(form) {
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (response.ok) return "";
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    if (isJson) return (await response.json()).error.message;
    return `The site answered ${response.status}. Load this page again and retry.`;
  } catch {
    return "The site did not answer. Is it running?";
  }
}

element("spike").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  const trouble = await sendSpike(event.target);
  element("notice").hidden = trouble === "";
  element("notice").textContent = trouble;
  button.disabled = false;
});

// Time passes also when nothing comes.
setInterval(() => Object.values(charts).forEach((chart) => chart.draw()), REDRAW_MS);
socket.open();
