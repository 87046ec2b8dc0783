// The settings: the background by hand, everything else made from what the server offers.

import { startBackground } from "./background.js";
import { choice, control, label, refreshers } from "./controls.js";
import { $, el, say } from "./dom.js";
import { clear, isAboutPicture, isDefault, ofTheFile, offered, option, set, settings, valueOf } from "./settings.js";

const OWN_PLACE = ["background", "fit", "canvas", "format"];
const FILE = ofTheFile.filter((name) => !OWN_PLACE.includes(name));
const FIRST = ["feather", "grow", "refine", "foreground"];

/** Make the panel; `models` are the names that can be chosen. */
export function startPanel(models) {
  $("panel").addEventListener("submit", (event) => event.preventDefault());
  startBackground();
  const free = offered().filter(({ name }) => !OWN_PLACE.includes(name) && (name !== "model" || models.length > 1));
  const edge = free.filter(({ name }) => !isAboutPicture(name) || name === "foreground");
  section("Edge", FIRST.map((name) => edge.find((one) => one.name === name)).filter(Boolean), edge.filter(({ name }) => !FIRST.includes(name)), models);
  section("Effects", free.filter((one) => !edge.includes(one) && !FILE.includes(one.name)), [], models);
  section("File", [], free.filter(({ name }) => FILE.includes(name)), models);
  formats();
  $("defaults").addEventListener("click", () => { clear(); say("Settings are back to the defaults"); $("panel").querySelector("input:checked")?.focus(); });
  settings.addEventListener("change", refresh);
  refresh();
}

function refresh(event) {
  for (const one of refreshers) one();
  $("defaults").hidden = isDefault();
  const reset = event?.detail.reset ?? [];
  if (reset.length) say(`${reset.map(label).join(" and ")} went back: the two do not go together`);
}

function section(title, shown, folded, models) {
  if (!shown.length && !folded.length) return;
  const id = `group-${title.toLowerCase()}`;
  const rows = (list) => list.map((one) => (one.name === "model" ? choice({ ...one, choices: models }) : control(one)));
  const group = el("section", { className: "group", "aria-labelledby": id }, el("h2", { id, textContent: title }), ...rows(shown));
  if (folded.length) group.append(el("details", {}, el("summary", { textContent: `More about the ${title.toLowerCase()}` }), ...rows(folded)));
  $("generated").append(group);
}

function formats() {
  const one = option("format");
  for (const value of one.choices) $("format").append(el("option", { value, textContent: label(value) }));
  $("format").addEventListener("change", () => set("format", $("format").value === "png" ? null : $("format").value));
  refreshers.push(() => { $("format").value = valueOf("format") ?? "png"; });
}
