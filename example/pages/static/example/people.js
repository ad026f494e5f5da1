/**
 * Who is subscribed to a topic: asked once, then told of everybody who comes and goes.
 *
 * The topic's class says `presence = True`, `join_leave = "all"` and what its `info()` is.
 * Somebody with three tabs is one person; they leave with the last of them.
 *
 * Events: "change", and with a person as detail "came" and "left". A person is {user, name}.
 */
export class People extends EventTarget {
  #subscription;
  #clients = new Map();
  #changes = null; // while presence is being asked: it may be older than what is heard meanwhile

  constructor(subscription) {
    super();
    this.#subscription = subscription;
    subscription.on("subscribed", () => this.#ask());
    subscription.on("join", ({ info }) => this.#hear(info, true));
    subscription.on("leave", ({ info }) => this.#hear(info, false));
  }

  /** Everybody once, by name; those without one, who only look on, are not among them. */
  get everybody() {
    const people = new Map();
    for (const info of this.#clients.values()) {
      if (info.user) people.set(info.user, person(info));
    }
    return [...people.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** How many connections look on without a name. */
  get onlookers() {
    return [...this.#clients.values()].filter(({ user }) => !user).length;
  }

  has(user) {
    return [...this.#clients.values()].some((info) => info.user === user);
  }

  async #ask() {
    const changes = [];
    this.#changes = changes;
    try {
      const { clients } = await this.#subscription.presence();
      if (this.#changes !== changes) return; // asked again meanwhile
      this.#clients = new Map(Object.entries(clients));
      for (const [info, isHere] of changes) this.#note(info, isHere);
    } catch {
      return; // the connection is lost again: its return asks again
    } finally {
      if (this.#changes === changes) this.#changes = null;
    }
    this.#tell("change");
  }

  #hear(info, isHere) {
    this.#changes?.push([info, isHere]);
    const wasHere = this.has(info.user);
    this.#note(info, isHere);
    if (info.user && this.has(info.user) !== wasHere) this.#tell(isHere ? "came" : "left", person(info));
    this.#tell("change");
  }

  #note(info, isHere) {
    if (isHere) this.#clients.set(info.client, info);
    else this.#clients.delete(info.client);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export function person({ user, chanInfo }) {
  return { user, name: chanInfo?.name ?? "somebody" };
}

/** Keep a list showing who is there; `me` is marked. */
export function showPeople(people, list, me) {
  const draw = () => {
    const items = people.everybody.map(({ user, name }) => {
      const item = document.createElement("li");
      item.className = "person";
      item.dataset.user = user;
      item.style.setProperty("--hue", hue(user));
      const face = document.createElement("span");
      face.className = "face";
      face.ariaHidden = "true";
      face.textContent = name.slice(0, 1).toUpperCase();
      item.append(face, user === me ? `${name} (you)` : name);
      return item;
    });
    if (people.onlookers > 0) {
      const item = document.createElement("li");
      item.className = "muted onlookers";
      item.textContent = `${people.onlookers} looking on`;
      items.push(item);
    }
    list.replaceChildren(...items);
  };
  people.addEventListener("change", draw);
}

/** A user's colour, the same on every page and for everybody: an angle of the colour wheel. */
export function hue(user) {
  return (Number(user) * 137.5 + 80) % 360; // the golden angle keeps neighbours apart
}
