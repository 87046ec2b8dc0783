// Controls that fit the options of the server, whatever these are.

import { el, words } from "./dom.js";
import { set, valueOf } from "./settings.js";

const LABELS = {
  feather: "Soften the edge", grow: "Move the edge", refine: "Refine the edge", foreground: "Clean edge colours",
  zoom: "Closer look", solid: "No see-through parts", invert: "Keep the background", threshold: "Hard edge at",
  mask_only: "Matte only", show: "Picture", fit: "Fit", position: "Where it lies", canvas: "Shape", png: "PNG", webp: "WebP", jpg: "JPEG", tiff: "TIFF",
  center: "Centre", avif: "AVIF", gif: "GIF", zip: "Zip of colour and matte", ora: "OpenRaster layers", quality: "Quality", png_level: "PNG level",
  strip: "Leave out EXIF and XMP", preset: "Made for", crop: "Cut to the subject", margin: "Room around it", fill: "How large it is",
  align: "Where it lies", roi: "Part of the photo", shadow: "Shadow", outline: "Outline", logo: "Logo",
};
/** What an option's own help says for the command line, said for the page; "" where the label is enough. */
const HELP = {
  preset: "Framed as shops and offices ask for it. What you choose yourself comes first.", crop: "", shadow: "",
  margin: "In per cent of the subject.", canvas: "The subject is moved into it and keeps its size.",
  fill: "Share of the result that the subject takes up, instead of the room around it.", align: "", outline: "As a sticker has it.", logo: "A picture over the result.",
  position: "As CSS says it: top, right center, 30% 100%.",
  roi: "Look only at this part: left, top, width, height, as 10%,0,80%,600.",
  quality: "Of JPEG, WebP and AVIF; 100 is lossless for WebP.",
};
/** Where the useful part of a number's range lies; the server itself may take more. `off` is said for the least value. */
const RANGES = {
  feather: { min: 0, max: 30, step: 0.5, unit: "px" },
  grow: { min: -20, max: 20, step: 1, unit: "px" },
  quality: { min: 0, max: 100, step: 1, unit: "", off: "as usual", write: (number) => number || null, read: (value) => value ?? 0 },
};

export const labelled = (name) => LABELS[name] ?? words(name);

/** Called after every change of a setting, to show the values that are. */
export const refreshers = [];

/** The control that fits an option's type. */
export function control(one) {
  if (one.choices) return worded(one, one.choices.map((value) => [value, one.name === "model" ? value : labelled(value)]));
  if (one.type === "boolean") return toggle(one);
  if (one.name in RANGES) return slider(one, RANGES[one.name]);
  return field(one);
}

/** A label, an input, whatever else belongs to it, and what it does. */
export function row(one, input, ...more) {
  const help = HELP[one.name] ?? one.help;
  input.id = `option-${one.name}`;
  if (help) input.setAttribute("aria-describedby", `help-${one.name}`);
  return el("div", { className: `row row-${input.type}` },
    el("label", { for: input.id, textContent: labelled(one.name) }), input, ...more,
    ...(help ? [el("p", { className: "help", id: `help-${one.name}`, textContent: help })] : []));
}

function toggle(one) {
  const input = el("input", { type: "checkbox", role: "switch", onchange: () => set(one.name, input.checked) });
  refreshers.push(() => { input.checked = valueOf(one.name); });
  return row(one, input);
}

/** A choice from [value, its words]; without a default the first is none of them. */
export function worded(one, choices) {
  const all = one.default === null ? [["", "—"], ...choices] : choices;
  const input = el("select", { onchange: () => set(one.name, input.value || null) },
    ...all.map(([value, textContent]) => el("option", { value, textContent })));
  refreshers.push(() => { input.value = valueOf(one.name) ?? ""; });
  return row(one, input);
}

/** A number; `write` makes the option's value of it, and `read` the number of a value. */
export function slider(one, { min, max, step, unit, off, write = Number, read = Number }) {
  const output = el("output", { className: "amount", for: `option-${one.name}` });
  const tell = () => {
    output.textContent = off && Number(input.value) === min ? off : `${Number(input.value)} ${unit}`.trim();
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const input = el("input", { type: "range", min, max, step, oninput: tell, onchange: () => set(one.name, write(Number(input.value))) });
  refreshers.push(() => { input.value = read(valueOf(one.name)); tell(); });
  return row(one, input, output);
}

/** A number or a text; what the server does not take, it says. */
function field(one) {
  const isNumber = one.type !== "string";
  const read = () => set(one.name, input.value === "" ? one.default : isNumber ? Number(input.value) : input.value);
  const { minimum = "", maximum = "" } = one.limits ?? {};
  const input = el("input", { type: isNumber ? "number" : "text", step: one.type === "integer" ? 1 : "any", min: minimum, max: maximum, placeholder: one.default ?? "off", onchange: read });
  refreshers.push(() => { const value = valueOf(one.name); input.value = value === one.default ? "" : value; });
  return row(one, input);
}
