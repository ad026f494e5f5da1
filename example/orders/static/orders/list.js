/** The list of orders: the last change of each. */

import { showState } from "../example/pill.js";
import { ClientState, follow } from "../example/pushed.js";

const { wsService } = window;

for (const order of document.querySelectorAll("[data-topic]")) {
  follow(wsService.subscription(order.dataset.topic), ({ number, state, label, note }) => {
    if (number <= Number(order.dataset.number)) return; // the page came with it
    order.dataset.number = number;
    const stage = order.querySelector("[data-part=state]");
    stage.textContent = label;
    stage.dataset.state = state;
    order.querySelector("[data-part=note]").textContent = note;
  });
}
showState(new ClientState(wsService.client), document.getElementById("state"));
