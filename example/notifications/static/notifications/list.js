/** The list of notifications: what comes now, on top. The bell sees to itself. */

import { showState } from "../example/pill.js";
import { post } from "../example/post.js";
import { ClientState } from "../example/pushed.js";

const element = (id) => document.getElementById(id);
const list = element("notifications");
const own = element("bell").dataset.channel;
const { client } = window.wsService;

const TIME = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

function showTime(time, at) {
  time.dateTime = at;
  time.textContent = TIME.format(new Date(at));
}

function add({ id, text, at }) {
  if (list.querySelector(`[data-id="${id}"]`)) return;
  const item = element("notification-template").content.firstElementChild.cloneNode(true);
  item.dataset.id = id;
  item.querySelector("p").textContent = text;
  showTime(item.querySelector("time"), at);
  list.prepend(item);
}

client.on("publication", ({ channel, data }) => {
  if (channel !== own) return;
  if (data.new) add(data.new);
  if (data.unread === 0) for (const item of list.children) delete item.dataset.unread;
});
// The service can't bring everything: a new page has it all.
client.on("subscribed", ({ channel, wasRecovering, recovered }) => {
  if (channel === own && wasRecovering && !recovered) location.reload();
});

for (const form of [element("send"), element("read")]) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const trouble = await post(form);
    element("notice").hidden = trouble === "";
    element("notice").textContent = trouble;
  });
}

for (const time of list.querySelectorAll("time")) showTime(time, time.dateTime);
showState(new ClientState(client), element("state"));
