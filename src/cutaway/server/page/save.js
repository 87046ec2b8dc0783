// Taking the results away: as files, as a zip, by the clipboard, as pairs to train with.

import { send } from "./api.js";
import { $, el, say } from "./dom.js";
import { begin, list, matteOf, photos, queued, render, selected } from "./photos.js";
import { keepsPairs, plan, settings, valueOf, wanted, wantedFile } from "./settings.js";
import { distinct, zip } from "./zip.js";

const TRAINABLE = /\.(jpe?g|png|webp|tiff?|bmp|gif|avif)$/i;

export function startSave() {
  $("download").addEventListener("click", () => busy($("download"), "Preparing…", downloadOne));
  $("download-all").addEventListener("click", () => busy($("download-all"), "Preparing…", downloadAll));
  $("copy").addEventListener("click", () => busy($("copy"), "Copying…", copy));
  $("pair").addEventListener("click", () => busy($("pair"), "Preparing…", savePairs));
  photos.addEventListener("list", refresh);
  photos.addEventListener("photo", refresh);
  settings.addEventListener("change", refresh);
}

function refresh() {
  const canSave = Boolean(selected()?.made) && selected().state !== "failed";
  for (const id of ["download", "copy", "pair"]) if (!$(id).dataset.busy) $(id).disabled = !canSave;
  const usable = list.filter((photo) => photo.state !== "failed").length;
  $("download-all").hidden = list.length < 2;
  if (!$("download-all").dataset.busy) {
    $("download-all").textContent = usable > 1 ? `All ${usable} as a zip` : "All as a zip";
    $("download-all").disabled = usable === 0;
    const many = list.filter((photo) => photo.strokes.length).length;
    $("pair").textContent = many > 1 ? `${many} training pairs` : "Training pair";
  }
}

async function busy(button, text, action) {
  if (button.dataset.busy) return;
  const label = button.textContent;
  button.dataset.busy = "yes";
  button.textContent = text;
  button.setAttribute("aria-disabled", "true");
  try {
    await action();
  } catch (error) {
    say([error.title, error.message].filter(Boolean).join(": ") || "That did not work");
  } finally {
    button.textContent = label;
    button.removeAttribute("aria-disabled");
    delete button.dataset.busy;
    refresh();
  }
}

/** The finished picture as the server makes it: the same bytes as in Python. */
function finished(photo, file = wantedFile()) {
  const fields = { ...wanted(), ...file };
  return queued(photo, () => render(photo, fields, { cut: plan().cut }));
}

const format = () => valueOf("format") ?? "png";
const fileName = (photo) => `${photo.stem}-cutaway.${format()}`;

export function offer(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

async function downloadOne() {
  const photo = selected(), name = fileName(photo);
  offer(await finished(photo), name);
  say(`${name} is ready`);
}

async function downloadAll() {
  const good = list.filter((photo) => photo.state !== "failed");
  const names = distinct(good.map(fileName));
  const files = [];
  for (const [at, photo] of good.entries()) {
    $("download-all").textContent = `${at + 1} of ${good.length}…`;
    try {
      files.push({ name: names[at], blob: await finished(photo) });
    } catch {
      begin(photo, { again: true }); // its card says what is wrong
    }
  }
  if (!files.length) throw new Error("None of the photos could be made");
  offer(await zip(files), "cutaway.zip");
  const left = list.length - files.length;
  say(left ? `${files.length} pictures are in the zip; ${left} could not be made` : `${files.length} pictures are in the zip`);
}

async function copy() {
  if (!navigator.clipboard?.write || !window.ClipboardItem) {
    throw new Error("The browser allows copying only on localhost or over https: download it instead");
  }
  await navigator.clipboard.write([new ClipboardItem({ "image/png": finished(selected(), {}) })]);
  say("Copied");
}

/** Photo and matte of the selected photo, or of all that were corrected. */
async function savePairs() {
  const correctedOnes = list.filter((photo) => photo.strokes.length);
  const chosen = correctedOnes.length > 1 ? correctedOnes : [selected()];
  const told = await (keepsPairs() ? keepPairs : packPairs)(chosen);
  say(chosen.length > 1 ? `${chosen.length} pairs ${told}` : `Training pair ${told}`);
}

/** To the folder that the server was given for them. */
async function keepPairs(chosen) {
  for (const photo of chosen) {
    const form = new FormData();
    form.append("image", photo.file, photo.name);
    form.append("matte", await queued(photo, () => matteOf(photo)), "matte.png");
    await send("pairs", form);
  }
  return "kept by the server";
}

/** As a zip of the folders that `cutaway train` reads. */
async function packPairs(chosen) {
  const names = distinct(chosen.map((photo) => `${photo.stem}${suffixOf(photo)}`));
  const stems = distinct(names.map((name) => name.replace(/\.[^.]*$/, "")));
  const files = [];
  for (const [at, photo] of chosen.entries()) {
    files.push({ name: `images/${stems[at]}${suffixOf(photo)}`, blob: photo.file });
    files.push({ name: `masks/${stems[at]}.png`, blob: await queued(photo, () => matteOf(photo)) });
  }
  offer(await zip(files), "training-pairs.zip");
  return "saved";
}

function suffixOf(photo) {
  const found = photo.name.match(TRAINABLE);
  if (found) return found[0].toLowerCase();
  if (photo.file.type === "image/jpeg") return ".jpg";
  if (/^image\/(png|webp|avif|gif|bmp)$/.test(photo.file.type)) return `.${photo.file.type.slice(6)}`;
  throw new Error("Photos of this type cannot be trained with: save it as JPEG or PNG first");
}
