/** The ticker: prices as they come, twenty times a second. */

import { showState } from "../example/pill.js";
import { ClientState } from "../example/pushed.js";
import { Curve } from "./curve.js";

const AWAY_MS = 3000;
const RATE_OVER_MS = 5000;

const element = (id) => document.getElementById(id);
const { client } = window.wsService;

class Share {
  #section;
  #curve;

  constructor(section) {
    this.#section = section;
    this.#curve = new Curve(this.#part("curve"));
  }

  show(price) {
    this.#curve.add(price);
    const change = (price / this.#curve.first - 1) * 100;
    const way = change > 0.005 ? "up" : change < -0.005 ? "down" : "none";
    this.#part("price").textContent = price.toFixed(2);
    this.#part("change").textContent = `${{ up: "▲", down: "▼", none: "=" }[way]} ${Math.abs(change).toFixed(2)} %`;
    this.#section.dataset.way = way;
  }

  #part(name) {
    return this.#section.querySelector(`[data-part=${name}]`);
  }
}

const shares = new Map(
  [...element("shares").children].map((section) => [section.dataset.share, new Share(section)]),
);
let last = null;
let arrived = 0;
let skipped = 0;
let recent = [];

function hear({ number, prices }) {
  // A smaller number is that of a command that was started again.
  if (last !== null && number > last + 1) skipped += number - last - 1;
  last = number;
  arrived += 1;
  recent.push(performance.now());
  for (const [share, price] of Object.entries(prices)) shares.get(share)?.show(price);
}

function count() {
  const now = performance.now();
  recent = recent.filter((at) => at > now - RATE_OVER_MS);
  const seconds = recent.length > 1 ? (now - recent[0]) / 1000 : RATE_OVER_MS / 1000;
  element("rate").textContent = (recent.length / seconds).toFixed(1);
  element("arrived").textContent = arrived;
  element("skipped").textContent = skipped;
}

// An empty `since` asks for the latest publication at once, and after each return.
const subscription = client.newSubscription("ticker", { since: {} });
subscription.on("publication", ({ data }) => hear(data));
subscription.subscribe();

element("away").addEventListener("click", () => {
  element("away").disabled = true;
  client.disconnect();
  setTimeout(() => {
    client.connect();
    element("away").disabled = false;
  }, AWAY_MS);
});
setInterval(count, 500);
showState(new ClientState(client), element("state"));
