/** One room: what is said, who is here, who is typing. */

import { People, person, showPeople } from "../example/people.js";
import { showNode, showState } from "../example/pill.js";
import { send } from "../example/post.js";
import { ClientState, follow } from "../example/pushed.js";

const TYPING_EVERY_MS = 1500;
const TYPING_LASTS_MS = 3000;
// A page that is loaded again leaves and comes: that is nothing to tell.
const GONE_AFTER_MS = 2500;

const element = (id) => document.getElementById(id);
const me = element("chat").dataset.user;
const messages = element("messages");
const { wsService } = window;
const chat = wsService.subscription("chat-topic");
const typing = wsService.subscription("typing-topic");

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function showTime(time, at) {
  time.dateTime = at;
  time.textContent = TIME.format(new Date(at));
}

function scrollDown() {
  element("scroll").scrollTop = element("scroll").scrollHeight;
}

/** Show what was said. It comes from the topic, and to its author as the answer, too. */
function show({ id, user, name, text, at }) {
  stopTyping(user);
  if (messages.querySelector(`[data-id="${id}"]`)) return;
  const item = element("message-template").content.cloneNode(true).firstElementChild;
  item.dataset.id = id;
  item.classList.toggle("mine", user === me);
  item.querySelector(".sender").textContent = name;
  item.querySelector(".text").textContent = text;
  showTime(item.querySelector("time"), at);
  messages.append(item);
  scrollDown();
}

// --- Who is here --------------------------------------------------------------------------

const people = new People(chat);
const leaving = new Map();
showPeople(people, element("people"), me);

function mention(text) {
  const item = document.createElement("li");
  item.className = "mention";
  item.textContent = text;
  messages.append(item);
  scrollDown();
}

people.addEventListener("came", ({ detail: { user, name } }) => {
  const wasLeaving = leaving.has(user);
  clearTimeout(leaving.get(user));
  leaving.delete(user);
  if (!wasLeaving && user !== me) mention(`${name} came in`);
});
people.addEventListener("left", ({ detail: { user, name } }) => {
  stopTyping(user);
  const timer = setTimeout(() => {
    leaving.delete(user);
    if (user !== me) mention(`${name} left`);
  }, GONE_AFTER_MS);
  leaving.set(user, timer);
});

// --- Who is typing ------------------------------------------------------------------------

const writers = new Map();
let markedAt = -Infinity;

function showWriters() {
  const names = [...writers.values()].map(({ name }) => name);
  element("typing").textContent =
    names.length === 0 ? "" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing`;
}

function stopTyping(user) {
  clearTimeout(writers.get(user)?.timer);
  if (writers.delete(user)) showWriters();
}

typing.on("publication", ({ info }) => {
  const { user, name } = person(info);
  if (user === me) return;
  clearTimeout(writers.get(user)?.timer);
  const timer = setTimeout(() => stopTyping(user), TYPING_LASTS_MS);
  writers.set(user, { name, timer });
  showWriters();
});

/** Tell the others, now and then. A mark that gets lost is followed by another. */
function markTyping() {
  if (performance.now() - markedAt < TYPING_EVERY_MS || typing.state !== "subscribed") return;
  markedAt = performance.now();
  typing.publish({}).catch(() => {});
}

// --- Saying something ---------------------------------------------------------------------

function complain(text) {
  element("notice").hidden = text === "";
  element("notice").textContent = text;
}

element("message")?.addEventListener("input", markTyping);
element("say")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const input = element("message");
  if (input.value.trim() === "") return;
  const sending = send(form); // has read the text
  const text = input.value;
  input.value = "";
  const { data, trouble } = await sending;
  complain(trouble);
  if (data) show(data);
  else input.value = [text, input.value].filter(Boolean).join(" ");
  markedAt = -Infinity;
});

for (const time of messages.querySelectorAll("time")) showTime(time, time.dateTime);
scrollDown();
follow(chat, show);
typing.subscribe();
showState(new ClientState(wsService.client), element("state"), element("node"));

// Which process holds the connection: after a reconnect it may be another one.
wsService.client.on("connected", async () => {
  try {
    showNode(element("node"), (await wsService.client.rpc("node", {})).data.node);
  } catch {
    // The connection is lost again: its return asks again.
  }
});
