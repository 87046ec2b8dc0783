// The settings: background and framing by hand, everything else made from what the server offers.

import { startBackground } from "./background.js";
import { control, labelled, refreshers } from "./controls.js";
import { $, el, say } from "./dom.js";
import { AROUND, FRAMING } from "./framing.js";
import { clear, isAboutPicture, isDefault, ofTheFile, offered, option, set, settings, valueOf } from "./settings.js";

/** Options that have their place with the background, beside the download button, or on the photo. */
const ELSEWHERE = ["background", "fit", "position", "format", "keep", "drop", "scribbles"];
const FILE = ofTheFile.filter((name) => !ELSEWHERE.includes(name));
const FRAMED = ["preset", "crop", "margin", "canvas", "fill", "align"];
const FIRST = ["feather", "grow", "refine", "foreground"];

/** Make the panel; `models` are the names that can be chosen. */
export function startPanel(models) {
  $("panel").addEventListener("submit", (event) => event.preventDefault());
  startBackground();
  const own = [...FRAMED, ...Object.keys(AROUND), ...FILE, ...ELSEWHERE];
  const free = offered().map((one) => (one.name === "model" ? { ...one, choices: models } : one))
    .filter(({ name }) => !own.includes(name) && (name !== "model" || models.length > 1));
  const edge = free.filter(({ name }) => !isAboutPicture(name) || name === "foreground");
  section("Edge", FIRST.map((name) => edge.find((one) => one.name === name)).filter(Boolean), edge.filter(({ name }) => !FIRST.includes(name)));
  section("Framing", options(FRAMED.slice(0, 4)), options(FRAMED.slice(4)), FRAMING);
  section("Shadow, outline and logo", options(Object.keys(AROUND)), [], AROUND);
  section("Effects", free.filter((one) => !edge.includes(one)), []);
  section("File", [], options(FILE));
  formats();
  $("defaults").addEventListener("click", () => { clear(); say("Settings are back to the defaults"); $("panel").querySelector("input:checked")?.focus(); });
  settings.addEventListener("change", refresh);
  refresh();
}

const options = (names) => names.map(option).filter(Boolean);

function refresh(event) {
  for (const one of refreshers) one();
  $("defaults").hidden = isDefault();
  const reset = event?.detail.reset ?? [];
  if (reset.length) say(`${reset.map(labelled).join(" and ")} went back: the two do not go together`);
}

/** A heading over options, some of them folded away; `makers` has controls of their own for some names. */
function section(title, shown, folded, makers = {}) {
  if (!shown.length && !folded.length) return;
  const id = `group-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  const rows = (list) => list.map((one) => (makers[one.name] ?? control)(one));
  const group = el("section", { className: "group", "aria-labelledby": id }, el("h2", { id, textContent: title }), ...rows(shown));
  if (folded.length) group.append(el("details", {}, el("summary", { textContent: `More about the ${title.toLowerCase()}` }), ...rows(folded)));
  $("generated").append(group);
}

function formats() {
  const one = option("format");
  for (const value of one.choices) $("format").append(el("option", { value, textContent: labelled(value) }));
  $("format").addEventListener("change", () => set("format", $("format").value === "png" ? null : $("format").value));
  refreshers.push(() => { $("format").value = valueOf("format") ?? "png"; });
}
