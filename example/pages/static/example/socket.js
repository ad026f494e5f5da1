/**
 * A WebSocket to the service beside the site, which comes back by itself.
 *
 * Events: "open", "message" (detail: the parsed JSON), "close" (detail: code, reason, wasClean),
 * "error", and "state" (detail: the state). The states:
 *   closed        not wanted, or not coming back
 *   connecting    the first attempt
 *   open          messages flow
 *   reconnecting  lost, and trying again
 *   offline       still trying, but several attempts have failed
 */

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 2000;
const CONNECT_LIMIT_MS = 4000;
const STEADY_AFTER_MS = 5000;
const FAILURES_UNTIL_OFFLINE = 3;
// The service will not have this client (RFC 6455, 7.4.1): asking again changes nothing.
const POLICY_VIOLATION = 1008;

/** The address of a path of the service, from the page's own address and the site's LIVE_URL. */
export function liveAddress(path, page = window.location, liveUrl = document.body.dataset.liveUrl) {
  const scheme = page.protocol === "https:" ? "wss:" : "ws:";
  if (liveUrl === "") return `${scheme}//${page.host}/${path}`;
  if (liveUrl.startsWith(":")) return `${scheme}//${page.hostname}${liveUrl}/${path}`;
  return `${liveUrl.replace(/\/$/, "")}/${path}`;
}

/** How long to wait after so many failures: doubling, bounded, and spread, so that browsers
 * that were cut off together don't come back together. */
export function backoffDelay(failures, random = Math.random) {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures);
  return ceiling / 2 + (random() * ceiling) / 2;
}

export class LiveSocket extends EventTarget {
  #path;
  #reconnects;
  #socket = null;
  #isWanted = false;
  #failures = 0;
  #retryTimer;
  #openedAt = null;
  #hasHeard = false;

  constructor(path, { reconnects = true } = {}) {
    super();
    this.#path = path;
    this.#reconnects = reconnects;
    this.state = "closed";
    // Browsers slow the timers of hidden tabs down to one a minute: don't wait for them.
    const hurry = () => this.#isWanted && !this.#socket && this.#connect();
    window.addEventListener("online", hurry);
    document.addEventListener("visibilitychange", () => document.hidden || hurry());
  }

  get address() {
    return liveAddress(this.#path);
  }

  open() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#failures = 0;
    this.#setState("connecting");
    this.#connect();
  }

  close(code = 1000, reason = "") {
    this.#isWanted = false;
    clearTimeout(this.#retryTimer);
    if (this.#socket) this.#socket.close(code, reason);
    else this.#setState("closed");
  }

  /** Send a value as JSON. False, and nothing sent, unless the socket is open. */
  send(value) {
    return this.sendText(JSON.stringify(value));
  }

  sendText(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    this.#openedAt = null;
    this.#hasHeard = false;
    const limit = setTimeout(() => socket.close(), CONNECT_LIMIT_MS);
    socket.addEventListener("open", () => {
      clearTimeout(limit);
      this.#openedAt = performance.now();
      this.#setState("open");
      this.#tell("open");
    });
    socket.addEventListener("message", (event) => {
      this.#hasHeard = true;
      this.#tell("message", JSON.parse(event.data));
    });
    socket.addEventListener("error", () => this.#tell("error"));
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      clearTimeout(limit);
      this.#socket = null;
      this.#comeBack(code);
      this.#tell("close", { code, reason, wasClean });
    });
  }

  #comeBack(code) {
    if (!this.#isWanted || !this.#reconnects || code === POLICY_VIOLATION) {
      this.#isWanted = false;
      this.#setState("closed");
      return;
    }
    // An open alone is no success: a server that accepts and closes at once is a failing one.
    const wasSteady =
      this.#openedAt !== null &&
      (this.#hasHeard || performance.now() - this.#openedAt > STEADY_AFTER_MS);
    this.#failures = wasSteady ? 0 : this.#failures + 1;
    this.#setState(this.#failures < FAILURES_UNTIL_OFFLINE ? "reconnecting" : "offline");
    this.#retryTimer = setTimeout(() => this.#connect(), backoffDelay(this.#failures));
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
