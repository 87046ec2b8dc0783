// What lies behind the subject: nothing, a colour, a gradient, the photo blurred, or a picture of one's own.

import { control, refreshers } from "./controls.js";
import { $, el } from "./dom.js";
import { option, set, valueOf } from "./settings.js";

const COLOURS = [
  ["#ffffff", "White"], ["#111418", "Black"], ["#c6cbd1", "Grey"], ["#e9e4da", "Linen"], ["#f2b632", "Amber"],
  ["#2f6fed", "Blue"], ["#17795a", "Green"],
];
const CUSTOM = "#7c5cff";
const GRADIENT = ["#dfe9f3", "#8fa8c8", 180];
const BLUR_PX = { min: 0, max: 120, step: 2 };


let file = null;
let bitmap = null; // of the file, for the camera
let custom = CUSTOM;
let gradient = GRADIENT;

export function startBackground() {
  swatch("none", "None", "chip checker");
  for (const [value, name] of COLOURS) swatch(value, name, "chip", value);
  swatch("custom", "Custom", "chip chip-custom");
  if (option("background").help.includes("gradient:")) swatch("gradient", "Gradient", "chip chip-gradient");
  swatch("blur", "Blur", "chip chip-blur");
  swatch("picture", "Picture", "chip chip-picture");
  $("swatches").addEventListener("change", (event) => choose(event.target.value));
  $("backdrop-picker").addEventListener("change", () => usePicture($("backdrop-picker").files[0]));
  $("background-more").append(customRow(), gradientRow(), blurRow(), pictureRow());
  refreshers.push(check);
}

function swatch(value, name, className, colour) {
  const chip = el("span", { className, "aria-hidden": "true" });
  if (colour) chip.style.backgroundColor = colour;
  const input = el("input", { type: "radio", name: "backdrop", value, className: "sr-only" });
  if (value === "picture") input.addEventListener("click", () => file || $("backdrop-picker").click());
  $("swatches").append(el("label", { className: "swatch", title: name }, input, chip, el("span", { className: "swatch-name", textContent: name })));
}

function choose(value) {
  if (value === "none" && valueOf("preset")) set("background", "transparent"); // as said against the preset's own
  else if (value === "custom") set("background", custom);
  else if (value === "gradient") set("background", gradientText());
  else if (value === "picture") { if (file) set("background", file); }
  else set("background", value);
}

function usePicture(chosen) {
  $("backdrop-picker").value = "";
  if (!chosen) return check();
  file = chosen;
  bitmap?.close();
  bitmap = null;
  createImageBitmap(file).then((made) => { bitmap = made; }, () => {});
  return set("background", file);
}

/** The chosen picture as a bitmap, or null while there is none. */
export const picture = () => bitmap;

/** Which swatch stands for the value that is set; none does while a preset chooses. */
function kind() {
  const behind = valueOf("background");
  if (behind === "none" && valueOf("preset")) return "";
  if (behind instanceof File) return "picture";
  for (const name of ["blur", "gradient"]) if (behind.startsWith(name)) return name;
  if (!behind.startsWith("#")) return "none";
  return COLOURS.some(([value]) => value === behind) ? behind : "custom";
}

function check() {
  const now = kind();
  for (const input of $("swatches").querySelectorAll("input")) input.checked = input.value === now;
  for (const part of $("background-more").children) part.hidden = part.dataset.kind !== now;
}

const part = (name, ...children) => { const made = el("div", { className: "part" }, ...children); made.dataset.kind = name; return made; };

function customRow() {
  const input = el("input", { type: "color", id: "custom-colour", value: custom });
  const use = () => { custom = input.value; set("background", custom); };
  for (const event of ["input", "change"]) input.addEventListener(event, use);
  return part("custom", el("div", { className: "row row-color" }, el("label", { for: "custom-colour", textContent: "Your colour" }), input));
}

const gradientText = () => `gradient:${gradient.join(",")}`;

function gradientRow() {
  const colours = ["From", "To"].map((name, n) => el("input", { type: "color", value: gradient[n], "aria-label": `Gradient: ${name.toLowerCase()}` }));
  const angle = el("input", { type: "range", id: "angle", min: 0, max: 345, step: 15, value: gradient[2] });
  const output = el("output", { className: "amount", for: "angle" });
  const tell = () => { output.textContent = `${angle.value}°`; };
  const use = () => { gradient = [colours[0].value, colours[1].value, angle.value]; tell(); set("background", gradientText()); };
  for (const input of [...colours, angle]) input.addEventListener("change", use);
  angle.addEventListener("input", tell);
  tell();
  return part("gradient", el("div", { className: "row row-pair" }, el("span", { textContent: "Colours" }), el("span", { className: "pair" }, ...colours)),
    el("div", { className: "row row-range" }, el("label", { for: "angle", textContent: "Direction" }), angle, output));
}

function blurRow() {
  const output = el("output", { className: "amount", for: "blur" });
  const tell = () => { output.textContent = input.value === "0" ? "automatic" : `${input.value} px`; input.setAttribute("aria-valuetext", output.textContent); };
  const use = () => set("background", input.value === "0" ? "blur" : `blur:${input.value}`);
  const input = el("input", { type: "range", id: "blur", ...BLUR_PX, value: 0, oninput: tell, onchange: use });
  tell();
  refreshers.push(() => { if (kind() === "blur") { input.value = valueOf("background").slice(5) || 0; tell(); } });
  return part("blur", el("div", { className: "row row-range" }, el("label", { for: "blur", textContent: "Strength" }), input, output));
}

function pictureRow() {
  const name = el("p", { className: "file-name" });
  const other = el("button", { type: "button", className: "button small", textContent: "Choose another", onclick: () => $("backdrop-picker").click() });
  refreshers.push(() => { name.textContent = file?.name ?? ""; });
  const controls = ["fit", "position"].map(option).filter(Boolean).map(control);
  return part("picture", el("div", { className: "file-row" }, name, other), ...controls);
}
