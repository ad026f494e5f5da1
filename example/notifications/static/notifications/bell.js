/**
 * The bell on every page. Nobody subscribes here: the service has subscribed every connection of
 * a user to the user's own topic, "#42", and client libraries hand over what comes of it.
 */

const TOAST_MS = 6000;

const bell = document.getElementById("bell");
const { client } = window.wsService;

function ring(unread) {
  const isMore = unread > Number(bell.dataset.unread);
  bell.dataset.unread = unread;
  document.getElementById("unread").textContent = unread > 99 ? "99+" : unread;
  if (isMore) bell.querySelector("svg").animate(SWING, { duration: 700 });
}

const SWING = [0, 18, -14, 9, -5, 0].map((angle) => ({ transform: `rotate(${angle}deg)` }));

function toast(text) {
  const item = document.createElement("p");
  item.className = "toast";
  item.textContent = text;
  document.getElementById("toasts").append(item);
  setTimeout(() => item.remove(), TOAST_MS);
}

client.on("publication", ({ channel, data }) => {
  if (channel !== bell.dataset.channel) return;
  ring(data.unread);
  if (data.new) toast(data.new.text);
});

// After a lost connection the service brings what was missed. The first time, and when that is
// more than it keeps, the page asks the site: something may have come while it was loading.
client.on("subscribed", async ({ channel, recovered }) => {
  if (channel !== bell.dataset.channel || recovered) return;
  try {
    const response = await fetch(bell.dataset.unreadUrl);
    if (response.ok) ring((await response.json()).unread);
  } catch {
    // The site does not answer: the number that the page came with has to do.
  }
});
