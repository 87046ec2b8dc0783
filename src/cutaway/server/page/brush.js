// Correcting the matte by hand: what is taken away is darkened over the photo; strokes bring it back or take more away.

import { $, canvasOf, say } from "./dom.js";
import { begin, cutOf, photos, queued, selected } from "./photos.js";
import { refreshComparison } from "./stage.js";
import { settings } from "./settings.js";
import { corrected, drawStroke } from "./strokes.js";
import { views } from "./views.js";

const VEIL = "rgb(118 40 158 / 68%)";

let open = null; // { photo, picture, alpha }: the photo and the matte being corrected
let stroke = null;
let keeps = true;
let cursor = null; // where the keyboard's brush is, in pixels of the photo

export function startBrush() {
  $("correct").addEventListener("click", () => (open ? close() : start(selected())));
  $("brush-done").addEventListener("click", close);
  $("keep").addEventListener("click", () => setKeeps(true));
  $("drop").addEventListener("click", () => setKeeps(false));
  $("undo").addEventListener("click", undo);
  $("redo").addEventListener("click", redo);
  $("reset").addEventListener("click", reset);
  photos.addEventListener("list", () => { if (open && open.photo !== selected()) close(); });
  photos.addEventListener("photo", ready);
  settings.addEventListener("change", () => { if (open) start(open.photo); });
  views.addEventListener("change", () => { if (open) close(); });
  document.addEventListener("keydown", shortcuts);
  const canvas = $("correction");
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, up);
  canvas.addEventListener("keydown", byKeyboard);
  canvas.addEventListener("blur", () => { $("crosshair").hidden = true; });
}

const ready = () => { $("correct").disabled = !selected()?.made || document.body.classList.contains("pointing"); };

async function start(photo) {
  try {
    const cut = await createImageBitmap(await queued(photo, () => cutOf(photo)));
    const picture = await createImageBitmap(photo.file).catch(() => cut);
    const alpha = corrected(cut, photo.strokes);
    if (alpha.width !== cut.width) throw new Error("This photo is too large for this browser to be corrected in it");
    if (photo !== selected()) return;
    open = { photo, cut, picture, alpha };
    cursor = [cut.width / 2, cut.height / 2];
    canvasOf(cut.width, cut.height, $("correction"));
    setMode(true);
    redraw();
  } catch (error) {
    say(error.message || "The matte could not be loaded");
  }
}

function close() {
  const photo = open?.photo;
  open = stroke = null;
  setMode(false);
  if (photo && photo === selected()) { begin(photo); $("correct").focus(); }
}

function setMode(isOn) {
  document.body.classList.toggle("correcting", isOn);
  $("brushes").hidden = $("correction").hidden = !isOn;
  $("correct").setAttribute("aria-pressed", isOn);
  refreshComparison();
  if (isOn) $("correction").focus({ preventScroll: true });
  history();
}

function setKeeps(value) {
  keeps = value;
  $("keep").setAttribute("aria-pressed", value);
  $("drop").setAttribute("aria-pressed", !value);
  $("correction").classList.toggle("dropping-brush", !value);
}

/** Diameter in pixels of the photo: up to a third of its longer side, finer at the small end. */
function size() {
  const share = Number($("brush-size").value) / 100;
  return Math.max(1, (share ** 2 * Math.max(open.alpha.width, open.alpha.height)) / 3);
}

/** Draw the photo and the veil anew, all of it or one box. */
function redraw(box = null) {
  const canvas = $("correction"), context = canvas.getContext("2d"), { picture, alpha } = open;
  const [x, y, width, height] = box ?? [0, 0, canvas.width, canvas.height];
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.clearRect(x, y, width, height);
  context.drawImage(alpha, 0, 0);
  context.globalCompositeOperation = "source-out"; // the veil where the matte is not
  context.fillStyle = VEIL;
  context.fillRect(x, y, width, height);
  context.globalCompositeOperation = "destination-over";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.restore();
}

function boxOf(points, margin) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const left = Math.floor(Math.min(...xs) - margin), top = Math.floor(Math.min(...ys) - margin);
  return [left, top, Math.ceil(Math.max(...xs) + margin) - left, Math.ceil(Math.max(...ys) + margin) - top];
}

function at(event) {
  const canvas = $("correction"), box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
}

function down(event) {
  if (event.button !== 0 || !open) return;
  event.preventDefault();
  event.currentTarget.focus({ preventScroll: true });
  event.currentTarget.setPointerCapture(event.pointerId);
  stroke = { keep: keeps, size: size(), points: [] };
  extend([at(event)]);
}

function move(event) {
  if (stroke) extend((event.getCoalescedEvents?.() ?? []).concat(event).map(at));
}

function up() {
  if (!stroke) return;
  const { photo } = open;
  photo.strokes.push(stroke);
  photo.undone.length = 0;
  stroke = null;
  renew();
}

function extend(points) {
  const from = stroke.points.length;
  stroke.points.push(...points);
  drawStroke(open.alpha.getContext("2d"), stroke, from);
  redraw(boxOf(stroke.points.slice(Math.max(0, from - 1)), stroke.size / 2 + 2));
}

function renew() {
  open.photo.version += 1;
  history();
}

function history() {
  $("undo").disabled = $("reset").disabled = !open?.photo.strokes.length;
  $("redo").disabled = !open?.photo.undone.length;
}

function rebuild() {
  open.alpha = corrected(open.cut, open.photo.strokes);
  redraw();
  renew();
}

function undo() {
  if (!open?.photo.strokes.length) return;
  open.photo.undone.push(open.photo.strokes.pop());
  rebuild();
  say("Stroke undone");
}

function redo() {
  if (!open?.photo.undone.length) return;
  open.photo.strokes.push(open.photo.undone.pop());
  rebuild();
  say("Stroke drawn again");
}

function reset() {
  open.photo.undone = open.photo.strokes.reverse();
  open.photo.strokes = [];
  rebuild();
  say("All strokes taken back");
}

function shortcuts(event) {
  if (!open || event.target.matches("input, select, textarea") && event.target.type !== "range") return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "z") {
    event.preventDefault();
    if (event.shiftKey) redo(); else undo();
  } else if (event.key === "Escape") close();
  else if (event.key === "[" || event.key === "]") {
    $("brush-size").value = Number($("brush-size").value) + (event.key === "[" ? -4 : 4);
    drawCrosshair();
  } else if (event.key.toLowerCase() === "x" && !isCommand) setKeeps(!keeps);
}

/** Arrow keys move the brush, with Shift further; the space bar paints one dab. */
function byKeyboard(event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in moves) {
    const step = (event.shiftKey ? 2 : 0.5) * size(), [x, y] = moves[event.key];
    cursor = [clamp(cursor[0] + x * step, open.alpha.width), clamp(cursor[1] + y * step, open.alpha.height)];
  } else if (event.key === " ") {
    stroke = { keep: keeps, size: size(), points: [] };
    extend([cursor]);
    up();
  } else return;
  event.preventDefault();
  drawCrosshair();
}

const clamp = (value, most) => Math.min(most, Math.max(0, value));

function drawCrosshair() {
  const mark = $("crosshair"), { width, height } = open.alpha;
  mark.hidden = false;
  mark.style.left = `${(100 * cursor[0]) / width}%`;
  mark.style.top = `${(100 * cursor[1]) / height}%`;
  mark.style.width = `${(100 * size()) / width}%`;
}
