/** What a page does with a topic of the service, besides what the official SDK does by itself. */

const STATES = { connected: "open", disconnected: "closed" };

/** A client's state in the words of pill.js. */
export class ClientState extends EventTarget {
  #hasBeenOpen = false;

  constructor(client) {
    super();
    for (const event of ["connecting", "connected", "disconnected"]) {
      client.on(event, () => this.#become(client.state));
    }
    this.#become(client.state);
  }

  #become(clientState) {
    this.state = STATES[clientState] ?? (this.#hasBeenOpen ? "reconnecting" : "connecting");
    this.#hasBeenOpen ||= this.state === "open";
    this.dispatchEvent(new CustomEvent("state"));
  }
}

/**
 * Call `onData(data, isRecovered)` for each publication, in order; then subscribe.
 *
 * The SDK asks for what was missed and hands it over before anything new. When the service says
 * that it can't give all of it, `onGap()` has to bring the page up to date; what is published
 * meanwhile waits until its promise settles. Without one the page is loaded again.
 */
export function follow(subscription, onData, onGap = () => location.reload()) {
  let isReplay = false;
  let waiting = null;

  subscription.on("subscribed", ({ wasRecovering, recovered }) => {
    // Recovered publications are handed over before this turn of the loop ends.
    isReplay = wasRecovering;
    queueMicrotask(() => {
      isReplay = false;
    });
    if (wasRecovering && !recovered) mend();
  });
  subscription.on("publication", ({ data }) => {
    if (waiting) waiting.push(data);
    else onData(data, isReplay);
  });
  subscription.subscribe();

  async function mend() {
    if (waiting) return; // lost again while it was being mended
    waiting = [];
    try {
      await onGap();
    } finally {
      const late = waiting;
      waiting = null;
      for (const data of late) onData(data, false);
    }
  }
}
