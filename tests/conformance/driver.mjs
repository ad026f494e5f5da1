// Drives official JavaScript SDKs by commands; the same in Node and in a browser.
//
// A command:  {do: "connect" | "disconnect" | "subscribe" | "unsubscribe" | "call" | "send", client, …}
// An event:   {client, channel?, type, …}, handed to `emit` in the order in which it happened.
//
// A server-side subscription's events look like those of a client's own.

const CLIENT_EVENTS = ["connecting", "connected", "disconnected", "error", "message"];
const CHANNEL_EVENTS = ["subscribing", "subscribed", "unsubscribed", "publication", "join",
  "leave"];
const DELAYS = { minReconnectDelay: 50, maxReconnectDelay: 500, maxServerPingDelay: 1500 };
const RESUBSCRIBE_DELAYS = { minResubscribeDelay: 50, maxResubscribeDelay: 500 };

const CALLS = {
  publish: (centrifuge, { channel, data }) => centrifuge.publish(channel, data),
  presence: async (centrifuge, { channel }) => {
    const { clients } = await centrifuge.presence(channel);
    return { clients: mapped(clients, who) };
  },
  presenceStats: (centrifuge, { channel }) => centrifuge.presenceStats(channel),
  history: async (centrifuge, { channel, ...options }) => {
    const { publications, ...position } = await centrifuge.history(channel, options);
    return { publications: publications.map(plain), ...position };
  },
  rpc: (centrifuge, { method, data }) => centrifuge.rpc(method, data),
};

export function makeDriver(Centrifuge, emit, webSocketWith) {
  const clients = new Map();
  const chatter = new Map();

  function connect({ client, url, headers, token, tokens }) {
    if (!clients.has(client)) {
      const options = { ...DELAYS, ...(headers && { websocket: webSocketWith(headers) }) };
      Object.assign(options, tokenOptions({ token, tokens }, { client }));
      const centrifuge = new Centrifuge(url, options);
      clients.set(client, centrifuge);
      for (const type of [...CLIENT_EVENTS, ...CHANNEL_EVENTS]) {
        centrifuge.on(type, (context) => emit({ client, type, ...plain(context) }));
      }
    }
    clients.get(client).connect();
  }

  function subscribe({ client, channel, since, token, tokens, joinLeave }) {
    const centrifuge = clients.get(client);
    let subscription = centrifuge.getSubscription(channel);
    if (!subscription) {
      const options = { ...RESUBSCRIBE_DELAYS, ...(since && { since }), joinLeave };
      Object.assign(options, tokenOptions({ token, tokens }, { client, channel }));
      subscription = centrifuge.newSubscription(channel, options);
      for (const type of [...CHANNEL_EVENTS, "error"]) {
        subscription.on(type, (context) => emit({ client, type, ...plain(context), channel }));
      }
    }
    subscription.subscribe();
  }

  // Each token in its turn, the last one again and again.
  function tokenOptions({ token, tokens }, names) {
    if (!tokens) return token ? { token } : {};
    let turn = 0;
    const getToken = async () => {
      emit({ ...names, type: "getToken" });
      return tokens[Math.min(turn++, tokens.length - 1)];
    };
    return { getToken };
  }

  function unsubscribe({ client, channel }) {
    clients.get(client).getSubscription(channel).unsubscribe();
  }

  async function call({ client, name, number, ...request }) {
    const answer = { client, type: "answer", number };
    try {
      emit({ ...answer, ...(await CALLS[name](clients.get(client), request)) });
    } catch ({ code, message }) {
      emit({ ...answer, error: { code, message } });
    }
  }

  function send({ client, data }) {
    clients.get(client).send(data).catch((error) => emit({ client, type: "error", error }));
  }

  // Publishes {uid: "<name>-<n>"} to the channels in turns, whether it is connected or not, until
  // it is told to be silent; reports what the server confirmed, and the silence.
  function chat({ client, name, channels, everyMs }) {
    let number = 0;
    const pending = new Set();
    const say = () => {
      const channel = channels[(number += 1) % channels.length];
      const uid = `${name}-${number}`;
      const confirm = () => emit({ client, type: "confirmed", channel, uid });
      const said = clients.get(client).publish(channel, { uid }).then(confirm, () => {});
      pending.add(said);
      said.then(() => pending.delete(said));
    };
    chatter.set(client, { timer: setInterval(say, everyMs), pending });
  }

  async function hush({ client }) {
    const { timer, pending } = chatter.get(client);
    clearInterval(timer);
    await Promise.all(pending);
    emit({ client, type: "hushed" });
  }

  function disconnect({ client }) {
    clients.get(client).disconnect();
  }

  const actions = { connect, subscribe, unsubscribe, call, send, chat, hush, disconnect };
  return ({ do: action, ...rest }) => actions[action](rest);
}

// What a context says, by the names that the Python driver uses too.
function plain({ channel, client, code, reason, error, streamPosition, wasRecovering, recovered,
  recoverable, positioned, data, offset, info, tags }) {
  return { channel, id: client, code, reason, error, streamPosition, wasRecovering, recovered,
    recoverable, positioned, data, offset, tags, info: info && who(info) };
}

// A ClientInfo; the one value that the two SDKs give for "nothing" is left out.
function who({ user, client, connInfo, chanInfo }) {
  const optional = Object.entries({ connInfo, chanInfo });
  return { user, client, ...Object.fromEntries(optional.filter(([, value]) => value != null)) };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
