// What the user asked for, by the names that the server's /options gives.

/** Dispatches "change" after every change of a value. */
export const settings = new EventTarget();

let options = [];
let composed = new Set();
let files = 0;
const values = new Map();

export const limits = { body_bytes: Infinity, pixels: Infinity };
let keeps = false;
/** Whether the server has a folder for training pairs. */
export const keepsPairs = () => keeps;

/** Taken from the answer of /options. */
export function learn(told) {
  options = told.options;
  composed = new Set(told.compose);
  Object.assign(limits, told.limits);
  keeps = told.pairs;
}

export const option = (name) => options.find((one) => one.name === name);
export const offered = () => options.filter((one) => !one.settled);
/** Whether an option is about the picture that is made of a matte, not about how the matte is found. */
export const isAboutPicture = (name) => composed.has(name);

/** The value of an option; `background` may also be a File, `logo` is one: its `said` is the text that goes with it. */
export const valueOf = (name) => (values.has(name) ? values.get(name) : option(name)?.default);

const FRAMING = ["preset", "crop", "margin", "canvas", "fill", "align"], AROUND = ["shadow", "outline"];
/** What the server does not take together with each of these. */
const RIVALS = {
  background: ["effect", "mask_only"],
  effect: ["background", "mask_only", ...FRAMING, ...AROUND],
  mask_only: ["background", "effect", "show", "preset", "logo", ...AROUND],
  fill: ["margin"],
};
const rivals = (name) => [...(RIVALS[name] ?? []), ...Object.keys(RIVALS).filter((other) => RIVALS[other].includes(name))];

/** Options of the downloaded file; what is seen on the canvas does not depend on them. */
export const ofTheFile = ["format", "quality", "png_level", "strip"];

/** Set an option. Of those that the server does not take together the others go back to their defaults. */
export function set(name, value) {
  const reset = [];
  if (value === option(name)?.default || value === "" || value === null) values.delete(name);
  else values.set(name, value);
  if (values.has(name)) for (const other of rivals(name)) if (values.delete(other)) reset.push(other);
  if (name === "format") for (const other of ["quality", "png_level"]) if (values.delete(other)) reset.push(other);
  if (!(valueOf("background") instanceof File)) {
    for (const own of ["fit", "position"]) values.delete(own);
    if (valueOf("canvas") === "background") values.delete("canvas");
  }
  if (value instanceof File) value.number ??= ++files;
  settings.dispatchEvent(new CustomEvent("change", { detail: { name, reset } }));
}

export function clear() {
  values.clear();
  settings.dispatchEvent(new CustomEvent("change", { detail: { name: "", reset: [] } }));
}

export const isDefault = () => ![...values.keys()].some((name) => name !== "format");

/** The options that differ from their defaults, without those of the file. */
export const wanted = () => Object.fromEntries([...values].filter(([name]) => !ofTheFile.includes(name)));

/** Those of the file. */
export const wantedFile = () => Object.fromEntries([...values].filter(([name]) => ofTheFile.includes(name)));

/** The opaque colour behind the subject, as #rrggbb, or null. */
export function colour() {
  const behind = valueOf("background");
  return typeof behind === "string" && behind.startsWith("#") ? behind : null;
}

const onlyKeep = (fields, isKept) => Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(name)));

/**
 * How the picture on the canvas is made.
 *
 * `cut` finds the matte. `shown` is asked of the server, and `paint` a colour that the browser itself lays beneath: so
 * other colours need no request. All else is made by the server, so that what is seen is what is downloaded.
 */
export function plan() {
  const all = wanted();
  const cut = onlyKeep(all, (name) => !composed.has(name));
  const behind = valueOf("background");
  const others = Object.keys(all).filter((name) => composed.has(name) && name !== "background" && name !== "foreground");
  const isPlain = others.length === 0 && (behind === "none" || colour() !== null);
  const shown = isPlain ? onlyKeep(all, (name) => name !== "background") : all;
  return { cut, shown, paint: isPlain ? colour() : null };
}

/** Only those fields that /compose takes. */
export const forCompose = (fields) => onlyKeep(fields, (name) => composed.has(name));
