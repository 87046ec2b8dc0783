// The photos on the desk, and the work on them: at most two requests at a time, the one looked at first.

import { canvasOf, say, toBlob } from "./dom.js";
import { Refused, send } from "./api.js";
import { forCompose, limits, plan } from "./settings.js";
import { corrected } from "./strokes.js";

const AT_ONCE = 2;
const KEPT = 4;

/** Dispatches "list" when photos come, go or are chosen, and "photo" with one whose state changed. */
export const photos = new EventTarget();
export const list = [];
let current = null;

export class Photo {
  constructor(file, name) {
    this.file = file;
    this.name = name;
    this.url = URL.createObjectURL(file);
    this.state = "waiting"; // working, waiting, done or failed
    this.note = ""; // why it waits
    this.error = null;
    this.made = null; // { key, blob, paint }
    this.points = []; // { x, y, keep }: parts of the subject to keep or to take away, in per cent of the photo
    this.strokes = [];
    this.undone = [];
    this.version = 0; // of the strokes
    this.blobs = new Map();
    this.work = null;
  }

  get stem() {
    return this.name.replace(/\.[^.]*$/, "") || "photo";
  }
}

export const selected = () => current;
const changed = (photo) => photos.dispatchEvent(new CustomEvent("photo", { detail: photo }));
const listed = () => photos.dispatchEvent(new Event("list"));

/** Put files on the desk; the first new one is shown if none is. */
export function add(files) {
  const fresh = [...files].map((file) => new Photo(file, nameOf(file)));
  list.push(...fresh);
  if (!current && fresh.length) current = fresh[0];
  listed();
  for (const photo of fresh) begin(photo);
  return fresh;
}

let pasted = 0;
/** A screenshot from the clipboard is always called image.png: number these. */
function nameOf(file) {
  return file.name && file.name !== "image.png" ? file.name : `pasted-${++pasted}.png`;
}

export function select(photo) {
  current = photo;
  listed();
  if (photo) begin(photo);
}

export function remove(photo) {
  const at = list.indexOf(photo);
  photo.work?.controller.abort();
  URL.revokeObjectURL(photo.url);
  list.splice(at, 1);
  if (photo === current) select(list[Math.min(at, list.length - 1)] ?? null);
  else listed();
}

/** Begin or go on with the picture that the settings ask for; the same work is never begun twice. */
export function begin(photo, { again = false } = {}) {
  const wanted = plan();
  const key = keyOf(photo, pointed(photo, wanted.shown));
  if (photo.work?.key === key && !again && photo.state !== "failed") return photo.work.promise;
  photo.work?.controller.abort();
  const controller = new AbortController();
  photo.work = { key, controller, promise: null };
  photo.work.promise = worked(photo, wanted, key, controller.signal);
  return photo.work.promise;
}

async function worked(photo, wanted, key, signal) {
  try {
    refuseEarly(photo.file);
    turn(photo, "waiting");
    const blob = await queued(photo, () => render(photo, wanted.shown, { signal, cut: wanted.cut, onWait: waits(photo) }), signal);
    photo.made = { key, blob };
    turn(photo, "done");
    if (blob.notes && photo === current) say(`${blob.notes[0].toUpperCase()}${blob.notes.slice(1)}`);
  } catch (error) {
    if (!signal.aborted) turn(photo, "failed", "", error);
  }
  return photo;
}

function turn(photo, state, note = "", error = null) {
  Object.assign(photo, { state, note, error });
  changed(photo);
}

const waits = (photo) => (why, seconds) => {
  if (why === "busy") turn(photo, "waiting", `Server busy, again in ${seconds} s`);
  else if (why === "gone") turn(photo, "waiting", "Waiting for the server");
  else turn(photo, "working");
};

function refuseEarly(file) {
  if (file.type && !file.type.startsWith("image/")) {
    throw new Refused("Not a picture", `“${file.name}” is of the type ${file.type}.`, "invalid_file_type");
  }
  if (file.size > limits.body_bytes - 4096) {
    throw new Refused("Too large", `This server takes files of up to ${Math.floor(limits.body_bytes / 1e6)} MB.`, "file_too_large");
  }
}

/** Fields of a request with what the photo's points say. */
function pointed(photo, fields) {
  const said = (isKept) => photo.points.filter(({ keep }) => keep === isKept).map(({ x, y }) => `${x}%,${y}%`).join(" ");
  const points = { keep: said(true), drop: said(false) };
  return { ...fields, ...Object.fromEntries(Object.entries(points).filter(([, text]) => text)) };
}

/** What a request is for; two of the same key give the same picture. */
function keyOf(photo, fields, version = photo.strokes.length ? photo.version : 0) {
  const told = Object.entries(fields).map(([name, value]) => [name, value instanceof File ? `file ${value.number} ${value.said ?? ""}` : value]);
  return JSON.stringify([version, told.sort()]);
}

/**
 * The picture as the server makes it, from what is kept if it was asked for lately.
 *
 * A photo whose matte was corrected goes to /compose with the corrected matte, else to /remove.
 */
export async function render(photo, wanted, { signal, cut, onWait } = {}) {
  const fields = pointed(photo, wanted);
  const key = keyOf(photo, fields);
  return kept(photo, key, async () => photo.strokes.length
    ? send("compose", formOf(photo, forCompose(fields), await matteOf(photo, { signal, cut, onWait })), { signal, onWait })
    : send("remove", formOf(photo, fields), { signal, onWait }));
}

async function kept(photo, key, make) {
  const blob = photo.blobs.get(key) ?? (await make());
  photo.blobs.set(key, blob);
  for (const oldest of photo.blobs.keys()) if (photo.blobs.size > KEPT) photo.blobs.delete(oldest);
  return blob;
}

function formOf(photo, fields, matte = null) {
  const form = new FormData();
  form.append("image", photo.file, "image");
  if (matte) form.append("matte", matte, "matte.png");
  for (const [name, value] of Object.entries(fields)) {
    if (!(value instanceof File)) form.append(name, String(value));
    else form.append(name, value, name);
    if (value.said) form.append(name, value.said);
  }
  return form;
}

/** The network's cut-out without any correction. */
export async function cutOf(photo, { signal, cut = plan().cut, onWait } = {}) {
  const fields = pointed(photo, cut);
  return kept(photo, keyOf(photo, fields, 0), () => send("remove", formOf(photo, fields), { signal, onWait }));
}

/** The matte with its corrections, white on black, as a PNG. */
export async function matteOf(photo, how = {}) {
  if (!photo.strokes.length) {
    const fields = { ...pointed(photo, how.cut ?? plan().cut), mask_only: true };
    return kept(photo, keyOf(photo, fields, 0), () => send("remove", formOf(photo, fields), how));
  }
  const bitmap = await createImageBitmap(await cutOf(photo, how));
  const alpha = corrected(bitmap, photo.strokes);
  bitmap.close();
  const canvas = canvasOf(alpha.width, alpha.height);
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(alpha, 0, 0);
  return toBlob(canvas);
}

let running = 0;
const queue = [];

/** Run a function when its turn comes: that of the photo that is looked at comes first. */
export function queued(photo, task, signal) {
  return new Promise((resolve, reject) => {
    const entry = { photo, run: () => task().then(resolve, reject) };
    signal?.addEventListener("abort", () => {
      const at = queue.indexOf(entry);
      if (at >= 0) queue.splice(at, 1);
      reject(signal.reason);
    }, { once: true });
    queue.push(entry);
    next();
  });
}

function next() {
  if (running >= AT_ONCE || !queue.length) return;
  const at = Math.max(0, queue.findIndex((entry) => entry.photo === current));
  const [entry] = queue.splice(at, 1);
  running += 1;
  entry.run().finally(() => { running -= 1; next(); });
}
