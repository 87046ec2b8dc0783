// The row of cards: one for each photo, with what is happening to it.

import { $, el } from "./dom.js";
import { list, photos, remove, select, selected } from "./photos.js";
import { settings, plan } from "./settings.js";

const THUMB = 192;
const cards = new Map();
const MEANINGS = { waiting: "Waiting", working: "Working", done: "Done" };

export function startStrip(pick) {
  const more = el("li", { className: "card card-add" },
    el("button", { type: "button", className: "card-button", onclick: pick },
      el("span", { className: "plus", "aria-hidden": "true", textContent: "+" }), "Add photos"));
  $("strip").append(more);
  photos.addEventListener("list", () => arrange(more));
  photos.addEventListener("photo", (event) => update(event.detail));
  settings.addEventListener("change", () => list.forEach(colourThumb));
}

function arrange(more) {
  for (const [photo, card] of cards) if (!list.includes(photo)) { card.root.remove(); cards.delete(photo); }
  for (const photo of list) if (!cards.has(photo)) { cards.set(photo, make(photo)); $("strip").insertBefore(cards.get(photo).root, more); }
  for (const [photo, card] of cards) {
    const isCurrent = photo === selected();
    card.root.classList.toggle("current", isCurrent);
    if (isCurrent) card.button.setAttribute("aria-current", "true");
    else card.button.removeAttribute("aria-current");
    update(photo);
  }
}

function make(photo) {
  const thumb = el("canvas", { className: "thumb", width: 1, height: 1, "aria-hidden": "true" });
  const state = el("span", { className: "state" });
  const button = el("button", { type: "button", className: "card-button", onclick: () => select(photo) },
    thumb, el("span", { className: "card-name", textContent: photo.name }), state);
  const away = el("button", { type: "button", className: "card-away", textContent: "×", "aria-label": `Take ${photo.name} off`, onclick: () => takeOff(photo) });
  button.addEventListener("keydown", (event) => {
    if (event.key === "Delete") takeOff(photo);
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in steps) cards.get(list[list.indexOf(photo) + steps[event.key]])?.button.focus();
  });
  const card = { root: el("li", { className: "card" }, button, away), button, thumb, state, of: null };
  drawThumb(card, photo.file);
  return card;
}

function takeOff(photo) {
  const at = list.indexOf(photo);
  remove(photo);
  const near = list[Math.min(at, list.length - 1)];
  if (near) cards.get(near).button.focus();
  else $("main").focus();
}

function update(photo) {
  const card = cards.get(photo);
  if (!card) return;
  card.root.dataset.state = photo.state;
  card.state.textContent = photo.state === "failed" ? photo.error?.title ?? "Failed" : photo.note || MEANINGS[photo.state];
  if (photo.made && card.of !== photo.made) { card.of = photo.made; drawThumb(card, photo.made.blob); }
  colourThumb(photo);
}

function colourThumb(photo) {
  const card = cards.get(photo);
  if (card) card.thumb.style.backgroundColor = photo.made ? plan().paint ?? "" : "";
  card?.thumb.classList.toggle("checker", Boolean(photo.made) && !plan().paint);
}

async function drawThumb(card, blob) {
  const bitmap = await createImageBitmap(blob).catch(() => null);
  if (!bitmap) return;
  const scale = THUMB / Math.min(bitmap.width, bitmap.height, 4 * THUMB);
  card.thumb.width = Math.round(bitmap.width * Math.min(1, scale));
  card.thumb.height = Math.round(bitmap.height * Math.min(1, scale));
  const context = card.thumb.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, card.thumb.width, card.thumb.height);
  bitmap.close();
}
