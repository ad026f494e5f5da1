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
 * Content-Security-Policy needs only `connect-src` for the service's address (and 'self', where
 * tokens come from: {% ws_client token_url=… %}).
 */
"use strict";

window.wsService = (() => {
  const PATH = "/connection/websocket";
  const TOKEN_LIMIT_MS = 10_000;
  // The SDK's own is 20 s: too long for a page after a short outage. The waits are random below it.
  const LONGEST_WAIT_MS = 8000;
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

  /**
   * A token from the site: for the connection, or for a topic. Refused (403) is refused for good;
   * whatever else goes wrong the SDK tries again.
   */
  async function fetchToken({ url, csrf_header, csrf_token }, wanted) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", [csrf_header]: csrf_token },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(TOKEN_LIMIT_MS),
    });
    if (response.status === 403) throw new Centrifuge.UnauthorizedError("the site gives no token");
    if (!response.ok) throw new Error(`the site answered ${response.status} instead of a token`);
    return (await response.json()).token;
  }

  /** How the SDK gets a topic's tokens, where it needs some. */
  function topicToken(channel, needsToken) {
    if (!needsToken) return {};
    const { tokens } = read("ws-service-client");
    if (!tokens) {
      throw new Error(`wsService: "${channel}" needs a token, and {% ws_client %} a token_url`);
    }
    return { getToken: () => fetchToken(tokens, { channel }) };
  }

  return {
    /** The page's one Centrifuge; made, and told to connect, on first use. */
    get client() {
      if (!client) {
        const { url: given, tokens } = read("ws-service-client");
        const url = endpoint(given);
        client = new Centrifuge(url, {
          maxReconnectDelay: LONGEST_WAIT_MS,
          ...(tokens?.for_connection ? { getToken: () => fetchToken(tokens, {}) } : {}),
        });
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
     * @param {string|Element} elementOrId a json_script element of {channel, since, token}, or
     *   its id
     * @returns {Subscription} call its `on(…)`, then its `subscribe()`; asked again for the same
     *   topic, the same one
     */
    subscription(elementOrId) {
      const { channel, since, token } = read(elementOrId);
      const existing = this.client.getSubscription(channel);
      if (existing) return existing;
      const subscription = this.client.newSubscription(channel, {
        maxResubscribeDelay: LONGEST_WAIT_MS,
        ...(since ? { since } : {}),
        ...topicToken(channel, token),
      });
      subscription.on("error", ({ error }) =>
        console.warn(`wsService: "${channel}" is tried again: ${error.message}`),
      );
      subscription.on("unsubscribed", ({ code, reason }) => {
        // 0 was the page's own wish, 1 the site's refusal to give a token.
        if (code > 0) console.warn(`wsService: "${channel}" was refused: ${reason} (${code})`);
      });
      return subscription;
    },
  };
})();
