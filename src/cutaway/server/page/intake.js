// How photos come in: dropped, pasted or picked.

import { $, say } from "./dom.js";
import { add, list, photos } from "./photos.js";
import { show, view, views } from "./views.js";

export const pick = () => $("picker").click();

export function startIntake() {
  for (const button of document.querySelectorAll("[data-pick]")) button.addEventListener("click", pick);
  $("picker").addEventListener("change", () => {
    take($("picker").files);
    $("picker").value = "";
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); take(event.clipboardData.files); }
    else if (!event.target.matches?.("input")) say("There is no picture in the clipboard");
  });
  photos.addEventListener("list", swap);
  views.addEventListener("change", swap);
  swap();
  dropping();
}

function take(files) {
  const fresh = add(files);
  show("photos");
  if (fresh.length) say(fresh.length === 1 ? `${fresh[0].name} added` : `${fresh.length} photos added`);
}

/** The welcome gives way to the desk while there are photos, or the camera is open. */
function swap() {
  const isEmpty = list.length === 0, isCamera = view() === "camera";
  $("hero").hidden = isCamera || !isEmpty;
  $("desk").hidden = !isCamera && isEmpty;
  $("desk-title").textContent = isCamera ? "Your camera" : "Your photos";
  document.body.classList.toggle("has-photos", !isEmpty);
}

function dropping() {
  let depth = 0;
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const shade = (isOn) => { $("dropping").hidden = !isOn; };
  document.addEventListener("dragenter", (event) => { if (isFile(event)) { depth += 1; shade(true); } });
  document.addEventListener("dragleave", (event) => { if (isFile(event) && --depth <= 0) { depth = 0; shade(false); } });
  document.addEventListener("dragover", (event) => { if (isFile(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = 0;
    shade(false);
    take(event.dataTransfer.files);
  });
}
