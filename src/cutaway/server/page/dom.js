// Small helpers around the document.

export const $ = (id) => document.getElementById(id);

/** An element with properties ("aria-…", "role" and "for" as attributes) and children. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("aria-") || name === "role" || name === "for") made.setAttribute(name, value);
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

let fading = 0;

/** Say something in one line; screen readers read it out. */
export function say(text) {
  const toast = $("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => toast.classList.remove("shown"), 3500);
}

/** A message that stays until it is taken away with "". */
export function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

export const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });

/** "blur-subject" and "keep_largest" as words. */
export function words(name) {
  const text = name.replace(/[_-]/g, " ");
  return text[0].toUpperCase() + text.slice(1);
}

export function bytes(count) {
  if (count < 1e3) return `${count} bytes`;
  return count < 1e6 ? `${Math.round(count / 1e3)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

const SURELY_PX = 4e6;

/** A canvas that can really be drawn on: where the browser cannot make one so large, a smaller one. */
export function canvasOf(width, height, canvas = document.createElement("canvas")) {
  for (let scale = 1; ; scale /= 2) {
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    if (canvas.width * canvas.height < SURELY_PX) return canvas;
    context?.fillRect(0, 0, 1, 1);
    if (context?.getImageData(0, 0, 1, 1).data[3] === 255) {
      context.clearRect(0, 0, 1, 1);
      return canvas;
    }
  }
}

export const toBlob = (canvas) =>
  new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser cannot write this picture"))), "image/png"));
