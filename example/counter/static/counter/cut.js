/**
 * The cable that can be pulled: every WebSocket of the page goes through here.
 *
 * While it is out, open sockets are closed and new ones don't come up. Nobody is told: both sides
 * of the page see a connection that was lost, and come back by themselves, each in its own way.
 */

const open = new Set();
let isOut = false;

class CuttableSocket extends WebSocket {
  constructor(...addressAndProtocols) {
    super(...addressAndProtocols);
    open.add(this);
    this.addEventListener("close", () => open.delete(this));
    if (isOut) this.close();
  }
}

window.WebSocket = CuttableSocket;

/** Cut everything off for a while; settles when the cable is in again. */
export function cutFor(ms) {
  isOut = true;
  for (const socket of open) socket.close();
  return new Promise((resolve) => {
    setTimeout(() => {
      isOut = false;
      resolve();
    }, ms);
  });
}
