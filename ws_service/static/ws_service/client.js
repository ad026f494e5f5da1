/**
 * window.wsService: the page's connection to the WebSocket service, by the official SDK.
 *
 *   {% ws_client %}
 *   {% ws_topic "order" pk=order.pk since=position %}
 *
 *   const order = wsService.subscription("ws-topic-order");
 *   order.on("publication", (context) => show(context.data));
 *   order.on("subscribed", (context) => {
 *     // More was missed than the topic's history holds: only a new page knows the state.
 *     if (context.wasRecovering && !context.recovered) location.reload();
 *   });
 *   order.subscribe();
 *
 * What `subscription()` gives is the SDK's Subscription, what `client` gives is its Centrifuge:
 * everything further is in the SDK's documentation. No inline code, no eval: a strict
 * Content-Security-Policy needs only `connect-src` for the service's address.
 */
"use strict";

window.wsService = (() => {
  const PATH = "/connection/websocket";
  let client = null;

  /** Read a json_script element, given itself or by its id. */
  function read(elementOrId) {
    const element =
      typeof elementOrId === "string" ? document.getElementById(elementOrId) : elementOrId;
    if (!element) {
      throw new Error(`wsService: the page has no element with the id "${elementOrId}"`);
    }
    return JSON.parse(element.textContent);
  }

  /** The service's address; `url` is WS_SERVICE["CLIENT_URL"]: null, ":8001" or "wss://…". */
  function endpoint(url) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    if (url === null) return `${scheme}//${location.host}${PATH}`;
    if (url.startsWith(":")) return `${scheme}//${location.hostname}${url}${PATH}`;
    const given = new URL(url);
    if (given.pathname === "/") given.pathname = PATH;
    return given.href;
  }

  return {
    /** The page's one Centrifuge; made, and told to connect, on first use. */
    get client() {
      if (!client) {
        const url = endpoint(read("ws-service-client").url);
        client = new Centrifuge(url);
        client.once("error", ({ error }) =>
          console.warn(
            `wsService: ${url} does not answer (${error.message}); it is tried again.` +
              ' Its address is WS_SERVICE["CLIENT_URL"].',
          ),
        );
        client.connect();
      }
      return client;
    },

    /**
     * The Subscription for what {% ws_topic %} wrote, from the position that the page shows.
     *
     * @param {string|Element} elementOrId a json_script element of {channel, since}, or its id
     * @returns {Subscription} call its `on(…)`, then its `subscribe()`; asked again for the same
     *   topic, the same one
     */
    subscription(elementOrId) {
      const { channel, since } = read(elementOrId);
      const existing = this.client.getSubscription(channel);
      if (existing) return existing;
      const subscription = this.client.newSubscription(channel, since ? { since } : {});
      subscription.on("error", ({ error }) =>
        console.warn(`wsService: "${channel}" is tried again: ${error.message}`),
      );
      subscription.on("unsubscribed", ({ code, reason }) => {
        // Below 100 it was the page's own wish.
        if (code >= 100) console.warn(`wsService: "${channel}" was refused: ${reason} (${code})`);
      });
      return subscription;
    },
  };
})();
