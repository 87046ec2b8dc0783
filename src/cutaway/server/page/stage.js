// The large picture: the result on a canvas of the photo's own size, and the photo before it, up to a line that can be moved.

import { $, bytes, canvasOf } from "./dom.js";
import { begin, photos, selected } from "./photos.js";
import { plan, settings } from "./settings.js";

const SPLIT = 50;
const STEP = 2;
const HOPELESS = ["invalid_file_type", "file_too_large", "resolution_too_high"];

let drawn = null; // { photo, made, bitmap, paint }: what the canvas shows
let turn = 0;
let showsBefore = false;
let isComparable = false;

/** Dispatches "compare" when photo and result may have become comparable, or not. */
export const stage = new EventTarget();

export const isShown = (photo) => drawn?.photo === photo;

export function startStage() {
  photos.addEventListener("list", show);
  photos.addEventListener("photo", (event) => { if (event.detail === selected()) show(); });
  settings.addEventListener("change", () => { if (selected()) { begin(selected()); show(); } });
  $("retry").addEventListener("click", () => selected() && begin(selected(), { again: true }));
  $("actual").addEventListener("click", () => setActual($("actual").getAttribute("aria-pressed") !== "true"));
  $("before").addEventListener("load", compare);
  $("before").addEventListener("error", compare);
  $("split").addEventListener("input", () => setSplit(Number($("split").value)));
  $("split").addEventListener("keydown", stepSplit);
  followPointer();
  setSplit(SPLIT);
}

/** Bring everything on the stage up to date with the selected photo. */
function show() {
  const photo = selected();
  if (!photo) { forget(); return; }
  if ($("before").dataset.url !== photo.url) newPhoto(photo);
  tellState(photo);
  if (photo.made) draw(photo);
}

function forget() {
  drawn?.bitmap.close();
  drawn = null;
  delete $("before").dataset.url;
}

function newPhoto(photo) {
  forget();
  setActual(false);
  $("name").textContent = photo.name;
  $("facts").textContent = bytes(photo.file.size);
  $("sheet").classList.remove("ready");
  $("result").hidden = true;
  $("before").dataset.url = photo.url;
  $("before").src = photo.url;
  $("before").hidden = false;
  compare();
}

function tellState(photo) {
  const isBusy = photo.state === "working" || photo.state === "waiting";
  $("working").hidden = !isBusy;
  $("working-text").textContent = photo.note || (photo.state === "working" ? "Cutting out" : "Waiting");
  $("stage").setAttribute("aria-busy", isBusy);
  $("failed").hidden = photo.state !== "failed";
  if (photo.error) {
    $("failed-title").textContent = photo.error.title ?? "Something went wrong";
    $("failed-text").textContent = sentence(photo.error.message);
    $("retry").hidden = HOPELESS.includes(photo.error.code);
  }
}

const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}` : "");

async function draw(photo) {
  const { made } = photo, paint = plan().paint;
  if (drawn?.photo === photo && drawn.made === made && drawn.paint === paint) return;
  const mine = ++turn;
  const kept = drawn?.photo === photo && drawn.made === made ? drawn.bitmap : null;
  const bitmap = kept ?? (await decoded(made.blob));
  if (mine !== turn || selected() !== photo || photo.made !== made) {
    if (!kept) bitmap?.close();
    return;
  }
  if (!bitmap) { $("failed").hidden = false; $("failed-title").textContent = "The browser cannot show it"; return; }
  if (!kept) drawn?.bitmap.close();
  const isFirst = !isShown(photo);
  drawn = { photo, made, bitmap, paint };
  paintCanvas();
  compare();
  if (isFirst) sweep();
}

const decoded = (blob) => createImageBitmap(blob).catch(() => null);

function paintCanvas() {
  const { bitmap, paint, photo } = drawn, canvas = $("result");
  canvasOf(bitmap.width, bitmap.height, canvas);
  const context = canvas.getContext("2d");
  if (paint) {
    context.fillStyle = paint;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
  canvas.dataset.key = photo.made.key + (paint ?? "");
  canvas.setAttribute("aria-label", `Result for ${photo.name}`);
  $("facts").textContent = `${bitmap.width} × ${bitmap.height} · ${bytes(photo.file.size)}`;
  $("sheet").classList.add("ready");
  layOut(bitmap.width, bitmap.height);
}

function layOut(width, height) {
  for (const [name, value] of [["--w", width], ["--h", height]]) $("sheet").style.setProperty(name, value);
}

/** Photo and result can be compared where both can be shown and are of one size. */
function compare() {
  const photo = $("before"), ratio = window.devicePixelRatio || 1;
  const isHere = photo.complete && photo.naturalWidth > 0;
  photo.classList.toggle("broken", !isHere);
  if (isHere && !drawn) layOut(photo.naturalWidth, photo.naturalHeight);
  const isSame = isHere && drawn !== null && Math.abs(photo.naturalWidth * drawn.bitmap.height - photo.naturalHeight * drawn.bitmap.width) <=
    photo.naturalWidth + photo.naturalHeight;
  isComparable = isSame;
  stage.dispatchEvent(new Event("compare"));
  const comparing = isSame && !document.body.matches(".correcting, .pointing");
  showsBefore = comparing;
  photo.hidden = drawn !== null && !comparing;
  $("sheet").classList.toggle("comparing", comparing);
  for (const id of ["divider", "split", "tag-before", "tag-after"]) $(id).hidden = !comparing;
  $("sheet").style.setProperty("--ratio", ratio);
}
export const refreshComparison = compare;
/** Whether the photo and the result are of one size, so that a place in one is a place in the other. */
export const compares = () => isComparable;

function setSplit(percent) {
  const value = Math.min(100, Math.max(0, percent));
  $("sheet").style.setProperty("--split", `${value}%`);
  $("split").value = value;
  $("split").setAttribute("aria-valuetext", `${Math.round(value)} percent photo, the rest result`);
  $("stage").classList.toggle("mostly-after", value < 12);
  $("stage").classList.toggle("mostly-before", value > 88);
}

function stepSplit(event) {
  const steps = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -10, PageUp: 10 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  setSplit(Number($("split").value) + steps[event.key]);
}

/** The line follows a finger or a pressed mouse; a vertical swipe still scrolls the page. */
function followPointer() {
  const sheet = $("sheet");
  const move = (event) => {
    const box = sheet.getBoundingClientRect();
    setSplit((100 * (event.clientX - box.left)) / box.width);
  };
  sheet.addEventListener("pointerdown", (event) => {
    if (!showsBefore || event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    sheet.classList.remove("sweeping");
    move(event);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (showsBefore && sheet.hasPointerCapture(event.pointerId)) move(event);
  });
}

/** The first look at a result: the line wipes across the photo, once. */
function sweep() {
  if (!showsBefore || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const sheet = $("sheet");
  sheet.classList.remove("sweeping");
  void sheet.offsetWidth; // starts the animation anew
  sheet.classList.add("sweeping");
}

function setActual(isActual) {
  $("actual").setAttribute("aria-pressed", isActual);
  $("stage").classList.toggle("actual", isActual);
  $("scroller").tabIndex = isActual ? 0 : -1;
  if (isActual) {
    const box = $("scroller");
    box.scrollTo((box.scrollWidth - box.clientWidth) / 2, (box.scrollHeight - box.clientHeight) / 2);
  }
}
