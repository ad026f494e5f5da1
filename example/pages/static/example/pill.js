/** The pill that says how the connection is. */

const WORDS = {
  closed: "Not connected",
  connecting: "Connecting…",
  open: "Connected",
  reconnecting: "Reconnecting…",
  offline: "Offline, still trying…",
};

export function showState(socket, pill, node = null) {
  const show = () => {
    pill.dataset.state = socket.state;
    pill.textContent = WORDS[socket.state];
    if (node && socket.state !== "open") showNode(node, "");
  };
  socket.addEventListener("state", show);
  show();
}

/** Which process of the service holds the connection; it says so in its first message. */
export function showNode(element, node) {
  element.dataset.node = node;
  element.textContent = node || "–";
}
