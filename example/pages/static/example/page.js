/** What every page does. */

import { fade } from "./fade.js";

for (const row of document.querySelectorAll("[data-fade]")) fade(row);

// On a wide screen there is room for it beside a talk.
const jars = document.querySelector(".chat > .jars");
if (jars) jars.open = window.matchMedia("(min-width: 52rem)").matches;
