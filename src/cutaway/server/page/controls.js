// Controls that fit the options of the server, whatever these are.

import { el, words } from "./dom.js";
import { set, valueOf } from "./settings.js";

const LABELS = {
  feather: "Soften the edge", grow: "Move the edge", refine: "Refine the edge", foreground: "Clean edge colours",
  zoom: "Closer look", solid: "No see-through parts", invert: "Keep the background", threshold: "Hard edge at",
  mask_only: "Matte only", show: "Picture", fit: "Fit", canvas: "Size of the result", png: "PNG", webp: "WebP", jpg: "JPEG", tiff: "TIFF",
  center: "Centre", avif: "AVIF", gif: "GIF", zip: "Zip of colour and matte", ora: "OpenRaster layers", quality: "Quality", png_level: "PNG level",
  strip: "Leave out EXIF and XMP",
};
/** Where the useful part of a number's range lies; the server itself may take more. */
const RANGES = {
  feather: { min: 0, max: 30, step: 0.5, unit: "px" },
  grow: { min: -20, max: 20, step: 1, unit: "px" },
};

export const label = (name) => LABELS[name] ?? words(name);

/** Called after every change of a setting, to show the values that are. */
export const refreshers = [];

/** The control that fits an option's type. */
export function control(one) {
  if (one.choices) return choice(one);
  if (one.type === "boolean") return toggle(one);
  if (one.name in RANGES) return slider(one, RANGES[one.name]);
  return field(one);
}

function row(one, input, ...more) {
  input.id = `option-${one.name}`;
  input.setAttribute("aria-describedby", `help-${one.name}`);
  return el("div", { className: `row row-${input.type}` },
    el("label", { for: input.id, textContent: label(one.name) }), input, ...more,
    el("p", { className: "help", id: `help-${one.name}`, textContent: one.help }));
}

function toggle(one) {
  const input = el("input", { type: "checkbox", role: "switch", onchange: () => set(one.name, input.checked) });
  refreshers.push(() => { input.checked = valueOf(one.name); });
  return row(one, input);
}

export function choice(one) {
  const input = el("select", { onchange: () => set(one.name, input.value) },
    ...one.choices.map((value) => el("option", { value, textContent: one.name === "model" ? value : label(value) })));
  refreshers.push(() => { input.value = valueOf(one.name); });
  return row(one, input);
}

function slider(one, { min, max, step, unit }) {
  const output = el("output", { className: "amount", for: `option-${one.name}` });
  const tell = () => { output.textContent = `${Number(input.value)} ${unit}`; input.setAttribute("aria-valuetext", output.textContent); };
  const input = el("input", { type: "range", min, max, step, oninput: tell, onchange: () => set(one.name, Number(input.value)) });
  refreshers.push(() => { input.value = valueOf(one.name); tell(); });
  return row(one, input, output);
}

/** A number or a text; what the server does not take, it says. */
function field(one) {
  const isNumber = one.type !== "string";
  const read = () => set(one.name, input.value === "" ? one.default : isNumber ? Number(input.value) : input.value);
  const input = el("input", { type: isNumber ? "number" : "text", step: one.type === "integer" ? 1 : "any", placeholder: one.default ?? "off", onchange: read });
  refreshers.push(() => { const value = valueOf(one.name); input.value = value === one.default ? "" : value; });
  return row(one, input);
}
