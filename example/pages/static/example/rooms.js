/** The rooms page: one room, in which no message is lost without a word. */

import { showNode, showState } from "./pill.js";
import { LiveSocket } from "./socket.js";

const LONGEST_TALK = 200;

const element = (id) => document.getElementById(id);
const input = element("message");
const list = element("messages");
const notice = element("notice");
const socket = new LiveSocket(element("chat").dataset.path);
showState(socket, element("state"), element("node"));

const isLoggedIn = element("chat").dataset.user !== "";
let myName = null;
// Sent, but not come back from the room yet. What is left when the connection is lost may or
// may not have arrived: its text goes back to its author.
let unconfirmed = [];

function say(text) {
  notice.hidden = text === "";
  notice.textContent = text;
}

function giveBack(texts) {
  input.value = [...texts, input.value].filter(Boolean).join(" ");
}

function show({ sender, message, at, node }, isMine) {
  const item = element("message-template").content.cloneNode(true).firstElementChild;
  item.classList.toggle("mine", isMine);
  item.querySelector(".sender").textContent = sender;
  item.querySelector(".text").textContent = message;
  item.querySelector(".via").textContent = node;
  const time = item.querySelector("time");
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleTimeString("en-GB");
  list.append(item);
  while (list.children.length > LONGEST_TALK) list.firstElementChild.remove();
  element("scroll").scrollTop = element("scroll").scrollHeight;
}

const answers = {
  joined({ sender, node }) {
    myName = sender;
    showNode(element("node"), node);
  },
  message(said) {
    const hasMyName = said.sender === myName;
    const position = hasMyName ? unconfirmed.indexOf(said.message) : -1;
    if (position >= 0) unconfirmed.splice(position, 1);
    // A user may have two tabs; but everybody without a login has the same name.
    show(said, position >= 0 || (hasMyName && isLoggedIn));
  },
  error({ message }) {
    say(message);
    giveBack(unconfirmed.splice(0, 1));
  },
};

socket.addEventListener("message", ({ detail }) => answers[detail.type]?.(detail));
socket.addEventListener("close", () => {
  if (unconfirmed.length === 0) return;
  giveBack(unconfirmed);
  unconfirmed = [];
  say("The connection was lost before your last message came back. It is in the box again.");
});
socket.addEventListener("state", ({ detail: state }) => {
  // Not really disabled: with a disabled button the Enter key would do nothing, silently.
  element("submit").setAttribute("aria-disabled", state !== "open");
  if (state === "open") say("");
});

element("send").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value;
  if (text.trim() === "") return;
  if (!socket.send({ message: text })) {
    say("Not sent: there is no connection just now. Your text stays here until there is.");
    return;
  }
  unconfirmed.push(text);
  input.value = "";
  say("");
});

socket.open();
