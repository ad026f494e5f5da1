// Drives official JavaScript SDKs by commands; the same in Node and in a browser.
//
// A command:  {do: "connect" | "disconnect" | "subscribe" | "unsubscribe" | "history", client, …}
// An event:   {client, channel?, type, …}, handed to `emit` in the order in which it happened.

const CLIENT_EVENTS = ["connecting", "connected", "disconnected", "error"];
const SUBSCRIPTION_EVENTS = ["subscribing", "subscribed", "unsubscribed", "publication", "error"];
const DELAYS = { minReconnectDelay: 50, maxReconnectDelay: 500, maxServerPingDelay: 1500 };

export function makeDriver(Centrifuge, emit, webSocketWith) {
  const clients = new Map();

  function connect({ client, url, headers }) {
    const options = headers ? { ...DELAYS, websocket: webSocketWith(headers) } : DELAYS;
    const centrifuge = clients.get(client) ?? new Centrifuge(url, options);
    if (!clients.has(client)) {
      clients.set(client, centrifuge);
      for (const type of CLIENT_EVENTS) {
        centrifuge.on(type, (context) => emit({ client, type, ...plain(context) }));
      }
    }
    centrifuge.connect();
  }

  function subscribe({ client, channel, since }) {
    const centrifuge = clients.get(client);
    let subscription = centrifuge.getSubscription(channel);
    if (!subscription) {
      const delays = { minResubscribeDelay: 50, maxResubscribeDelay: 500 };
      subscription = centrifuge.newSubscription(channel, since ? { ...delays, since } : delays);
      for (const type of SUBSCRIPTION_EVENTS) {
        subscription.on(type, (context) => emit({ client, channel, type, ...plain(context) }));
      }
    }
    subscription.subscribe();
  }

  function unsubscribe({ client, channel }) {
    clients.get(client).getSubscription(channel).unsubscribe();
  }

  async function history({ client, channel, call, ...options }) {
    try {
      const result = await clients.get(client).getSubscription(channel).history(options);
      emit({ client, channel, type: "history", call, ...result });
    } catch (error) {
      emit({ client, channel, type: "history", call, error });
    }
  }

  function disconnect({ client }) {
    clients.get(client).disconnect();
  }

  const actions = { connect, subscribe, unsubscribe, history, disconnect };
  return ({ do: action, ...rest }) => actions[action](rest);
}

// What a context says, by the names that the Python driver uses too.
function plain({ code, reason, error, streamPosition, wasRecovering, recovered, recoverable,
  positioned, data, offset }) {
  return { code, reason, error, streamPosition, wasRecovering, recovered, recoverable, positioned,
    data, offset };
}
