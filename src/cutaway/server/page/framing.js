// How the subject lies in the result, and what is drawn around it: presets, crop, room, shape, shadow, outline.

import { labelled, refreshers, row, slider, worded } from "./controls.js";
import { el } from "./dom.js";
import { option, set, valueOf } from "./settings.js";

const SHAPES = [
  ["photo", "As the photo"], ["1:1", "Square, 1:1"], ["4:5", "Portrait, 4:5"], ["3:4", "Portrait, 3:4"],
  ["3:2", "Landscape, 3:2"], ["16:9", "Wide, 16:9"], ["9:16", "Story, 9:16"],
];
const SHADOWS = [["none", "None"], ["drop", "Behind it"], ["contact", "On the ground"]];
const PRESETS = { amazon: "Amazon", google: "Google Shopping", etsy: "Etsy", shopify: "Shopify", square: "Square", passport: "Passport" };
const LOGO = { min: 5, max: 100, step: 1, value: 15 };
const OUTLINE = { min: 0, max: 6, step: 0.5, unit: "%" };
const WHITE = "#ffffff";

const perCent = { write: (number) => (number ? `${number}%` : null), read: (text) => Number.parseFloat(text ?? 0) || 0 };

/** The controls of the options that this module knows, by their names. */
export const FRAMING = {
  preset: (one) => worded(one, one.choices.map((name) => [name, PRESETS[name] ?? labelled(name)])),
  margin: (one) => slider(one, { min: 0, max: 50, step: 1, unit: "%", off: "none", ...perCent }),
  canvas: shape,
  fill: (one) => slider(one, { min: 20, max: 100, step: 5, unit: "%", off: "as it comes", write: (n) => (n > 20 ? n : null), read: (n) => n ?? 20 }),
  align: (one) => worded(one, one.choices.map((name) => [name, labelled(name)])),
};
export const AROUND = { shadow: (one) => worded(one, SHADOWS), outline, logo };

/** The shape of the result; a background picture may give it as well. */
function shape(one) {
  const made = worded(one, SHAPES);
  const whole = el("option", { value: "background", textContent: "As the background" });
  refreshers.push(() => {
    const isPicture = valueOf("background") instanceof File, select = made.querySelector("select");
    if (isPicture && !whole.isConnected) select.append(whole);
    else if (!isPicture) whole.remove();
    select.value = valueOf("canvas");
  });
  return made;
}

/** A width in per cent, and a colour: "2%,#ffcc00". */
function outline(one) {
  const colour = el("input", { type: "color", value: WHITE, "aria-label": "Outline: colour" });
  const output = el("output", { className: "amount", for: "option-outline" });
  const input = el("input", { type: "range", ...OUTLINE, value: 0 });
  const tell = () => {
    output.textContent = Number(input.value) ? `${Number(input.value)} %` : "none";
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const use = () => set("outline", Number(input.value) ? `${input.value}%,${colour.value}` : null);
  input.addEventListener("input", tell);
  for (const part of [input, colour]) part.addEventListener("change", use);
  refreshers.push(() => {
    const [width, chosen] = (valueOf("outline") ?? `0,${colour.value}`).split(",");
    [input.value, colour.value] = [Number.parseFloat(width), chosen];
    colour.hidden = !Number(input.value);
    tell();
  });
  return row(one, input, output, colour);
}

/** A picture, one of nine places, and its width: the file with "top-left,12%" as its `said`. */
function logo(one) {
  const input = el("input", { type: "file", accept: "image/*" });
  const place = el("select", { "aria-label": "Logo: where it lies" },
    ...option("align").choices.map((value) => el("option", { value, textContent: labelled(value), selected: value === "bottom-right" })));
  const size = el("input", { type: "range", ...LOGO, "aria-label": "Logo: width" });
  const output = el("output", { className: "amount" });
  const tell = () => { output.textContent = `${size.value} %`; size.setAttribute("aria-valuetext", output.textContent); };
  const use = () => {
    const [file] = input.files; // a new file each time, so that its number tells one wish from another
    set("logo", file ? Object.assign(new File([file], file.name, { type: file.type }), { said: `${place.value},${size.value}%` }) : null);
  };
  size.addEventListener("input", tell);
  for (const part of [input, place, size]) part.addEventListener("change", use);
  const more = el("div", { className: "row row-range" }, place, output, size);
  refreshers.push(() => {
    more.hidden = !valueOf("logo");
    if (more.hidden) input.value = "";
    tell();
  });
  return row(one, input, more);
}
