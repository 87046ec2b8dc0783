// Which view is open, photos or camera. It stands in the address, so that it can be linked to and gone back from.

import { $ } from "./dom.js";

/** Dispatches "change" when the other view is opened. */
export const views = new EventTarget();

const NAMES = ["photos", "camera"];
let open = "photos";

export const view = () => open;

export function show(name) {
  if (name !== open) location.hash = name;
}

export function startViews() {
  window.addEventListener("hashchange", follow);
  follow();
}

/** Any other address (that of the skip link) changes nothing. */
function follow() {
  const name = location.hash.slice(1) || "photos";
  if (!NAMES.includes(name)) return;
  const isOther = name !== open;
  open = name;
  document.body.classList.toggle("on-camera", open === "camera");
  for (const one of NAMES) {
    if (one === open) $(`to-${one}`).setAttribute("aria-current", "page");
    else $(`to-${one}`).removeAttribute("aria-current");
  }
  if (isOther) views.dispatchEvent(new Event("change"));
}
