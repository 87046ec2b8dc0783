// Pointing at the subject: a click keeps only the part that it hits, or takes that part away. Points belong to one photo.

import { $, el, say } from "./dom.js";
import { begin, photos, selected } from "./photos.js";
import { compares, refreshComparison, stage } from "./stage.js";
import { views } from "./views.js";

const STEP = 2, FAR = 10; // per cent of the photo, for the arrow keys

let isOn = false;
let keeps = true;
let cursor = [50, 50];

export function startPoints() {
  $("point").addEventListener("click", () => turn(!isOn));
  $("points-done").addEventListener("click", () => turn(false));
  $("point-keep").addEventListener("click", () => setKeeps(true));
  $("point-drop").addEventListener("click", () => setKeeps(false));
  $("points-undo").addEventListener("click", undo);
  $("points").addEventListener("pointerdown", hit);
  $("points").addEventListener("keydown", byKeyboard);
  $("points").addEventListener("blur", () => { $("aim").hidden = true; });
  document.addEventListener("keydown", (event) => { if (isOn && event.key === "Escape") turn(false); });
  photos.addEventListener("list", () => { if (isOn && !selected()) turn(false); else refresh(); });
  stage.addEventListener("compare", refresh);
  views.addEventListener("change", () => { if (isOn) turn(false); });
}

/** Points need the photo and the result to be of one size; while the brush is open it has the canvas. */
function refresh() {
  $("point").disabled = !isOn && (!selected()?.made || !compares() || document.body.classList.contains("correcting"));
  $("points-undo").disabled = !selected()?.points.length;
  draw();
}

function turn(on) {
  const wasOn = isOn;
  isOn = on;
  document.body.classList.toggle("pointing", isOn);
  $("pointing").hidden = $("points").hidden = !isOn;
  $("point").setAttribute("aria-pressed", isOn);
  $("correct").disabled = isOn || !selected()?.made;
  cursor = [50, 50];
  refreshComparison();
  refresh();
  if (isOn) $("points").focus({ preventScroll: true });
  else if (wasOn) $("point").focus();
}

function setKeeps(value) {
  keeps = value;
  $("point-keep").setAttribute("aria-pressed", value);
  $("point-drop").setAttribute("aria-pressed", !value);
}

function hit(event) {
  if (event.button !== 0) return;
  const box = $("points").getBoundingClientRect();
  put([(100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height], keeps !== event.shiftKey);
}

function put([x, y], keep) {
  selected().points.push({ x: x.toFixed(2), y: y.toFixed(2), keep });
  say(keep ? "Kept: only what holds a green point stays" : "Taken away");
  renew();
}

function undo() {
  if (!selected()?.points.length) return;
  selected().points.pop();
  say("Point taken back");
  renew();
}

function renew() {
  begin(selected());
  refresh();
}

/** Arrow keys move the aim, with Shift further; Enter or space sets a point, Backspace takes the last one back. */
function byKeyboard(event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in moves) cursor = cursor.map((at, n) => Math.min(100, Math.max(0, at + moves[event.key][n] * (event.shiftKey ? FAR : STEP))));
  else if (event.key === "Enter" || event.key === " ") put(cursor, keeps);
  else if (event.key === "Backspace" || event.key === "Delete") undo();
  else if (event.key.toLowerCase() === "x") setKeeps(!keeps);
  else return;
  event.preventDefault();
  place($("aim"), { x: cursor[0], y: cursor[1] });
  $("aim").hidden = false;
}

function place(mark, { x, y }) {
  mark.style.left = `${x}%`;
  mark.style.top = `${y}%`;
}

function draw() {
  const marks = (isOn ? selected()?.points ?? [] : []).map((point) => {
    const mark = el("span", { className: point.keep ? "mark" : "mark mark-drop", textContent: point.keep ? "+" : "−" });
    place(mark, point);
    return mark;
  });
  $("marks").replaceChildren(...marks);
}
