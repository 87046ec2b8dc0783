// The camera: what it sees is laid before another background, frame by frame, as in a video call.

import { picture } from "./background.js";
import { $, el, say, toBlob } from "./dom.js";
import { Feed } from "./feed.js";
import { add } from "./photos.js";
import { offer } from "./save.js";
import { drawScene } from "./scene.js";
import { settings, valueOf } from "./settings.js";
import { show, view, views } from "./views.js";

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const RATE_MS = 1000; // how often the line above the picture is brought up to date
const SECURE = "A browser lends the camera only to pages from this machine or over HTTPS. Open the page as localhost, or start the server with --ssl-cert and --ssl-key.";
const REASONS = {
  NotAllowedError: ["The camera is not allowed", "Allow it beside the address of this page, then start again."],
  NotFoundError: ["There is no camera", "None was found on this device. Connect one, then start again."],
  OverconstrainedError: ["There is no such camera", "It may have been unplugged. Choose another, then start again."],
  NotReadableError: ["The camera is in use", "Another program seems to have it. Close that one, then start again."],
};

const video = el("video", { muted: true, playsInline: true });
let run = null; // { stream, feed, wanted }: a camera that is on
let last = null; // the last frame, as it came from the camera
let rate = { mattes: 0, ms: 0, since: 0 };

export function startCamera() {
  $("camera-start").addEventListener("click", begin);
  $("camera-stop").addEventListener("click", end);
  $("camera-photo").addEventListener("click", savePicture);
  $("camera-to-photos").addEventListener("click", toPhotos);
  $("full-screen").addEventListener("click", fullScreen);
  $("camera-choice").addEventListener("change", () => { if (run) begin(); });
  $("camera-steady").addEventListener("change", () => run?.feed.wish({ steady: $("camera-steady").value }));
  settings.addEventListener("change", (event) => { if (event.detail.name === "model") run?.feed.wish({ model: valueOf("model") }); });
  views.addEventListener("change", () => { if (view() !== "camera") end(); });
  $("full-screen").hidden = !document.fullscreenEnabled;
  if (!navigator.mediaDevices) cannot("The camera needs a secure page", SECURE, { isFinal: true });
  buttons();
}

async function begin() {
  end();
  tell("Starting the camera");
  const mine = (run = { stream: null, feed: null });
  try {
    mine.stream = await navigator.mediaDevices.getUserMedia({ video: { ...SIZE, ...chosen() } });
    if (run !== mine) return release(mine);
    video.srcObject = mine.stream;
    await video.play();
    mine.stream.getVideoTracks()[0].addEventListener("ended", () => { end(); cannot("The camera is gone", "It was unplugged or switched off."); });
    mine.feed = feed();
    tell("Waiting for the first frame");
    listCameras(mine.stream);
    nextFrame(mine);
  } catch (error) {
    if (run !== mine) return release(mine);
    end();
    cannot(...(REASONS[error.name] ?? ["The camera could not be started", error.message]));
  }
  buttons();
}

const chosen = () => ($("camera-choice").value ? { deviceId: { exact: $("camera-choice").value } } : { facingMode: "user" });

function release({ stream, feed }) {
  feed?.stop();
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Switch everything off, the light beside the lens as well. */
function end() {
  if (run) release(run);
  run = null;
  video.srcObject = null;
  last?.close();
  last = null;
  $("live").hidden = true;
  delete $("live").dataset.frames;
  $("camera-stage").classList.remove("running");
  $("camera-facts").textContent = "";
  $("camera-off").hidden = false;
  tell("");
  buttons();
}

function feed() {
  const made = new Feed({ steady: $("camera-steady").value, model: valueOf("model") });
  made.addEventListener("matte", ({ detail }) => draw(detail));
  made.addEventListener("problem", ({ detail }) => tell(detail.title));
  made.addEventListener("state", ({ detail: { state, reason } }) => {
    if (state === "gone") tell(reason?.detail ? `${reason.title}: ${reason.detail}` : "Waiting for the server");
    if (state === "refused") { end(); cannot(reason.title, reason.detail ?? ""); }
  });
  return made;
}

/** Offer each new frame of the camera to the server; it takes as many as it can. */
function nextFrame(mine) {
  if (run !== mine) return;
  if (mine.feed.isFree && !document.hidden) mine.feed.send(video).catch(() => {}); // the stream ended just now
  const again = () => nextFrame(mine);
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(again);
  else requestAnimationFrame(again);
}

function draw({ frame, matte, ms }) {
  if (run) {
    const canvas = $("live"), isFirst = canvas.hidden;
    drawScene(canvas, frame, matte, { behind: behind(), isMirrored: $("camera-mirror").checked });
    canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
    if (isFirst) appear(canvas);
    if ($("camera-working-text").textContent) tell("");
    count(ms);
    [last, frame] = [frame, last];
  }
  frame?.close();
  matte.close();
}

/** What lies behind, as the scene takes it; a picture is there once it is decoded. */
function behind() {
  const wanted = valueOf("background");
  return wanted instanceof File ? picture() ?? "none" : wanted;
}

function appear(canvas) {
  canvas.hidden = false;
  $("camera-off").hidden = true;
  $("camera-stage").classList.add("running");
  $("live-sheet").style.setProperty("--w", canvas.width);
  $("live-sheet").style.setProperty("--h", canvas.height);
  rate = { mattes: 0, ms: 0, since: performance.now() };
  buttons();
}

function count(ms) {
  rate.mattes += 1;
  rate.ms += ms;
  const passed = performance.now() - rate.since;
  if (passed < RATE_MS) return;
  const perSecond = Math.round((1000 * rate.mattes) / passed), late = Math.round(rate.ms / rate.mattes);
  $("camera-facts").textContent = `${last?.width ?? $("live").width} × ${$("live").height} · ${perSecond} a second, ${late} ms behind`;
  rate = { mattes: 0, ms: 0, since: performance.now() };
}

function tell(text) {
  $("camera-working").hidden = !text;
  $("camera-working-text").textContent = text;
  if (text) $("camera-off").hidden = true;
}

function cannot(title, text, { isFinal = false } = {}) {
  $("camera-off").hidden = false;
  $("camera-off").dataset.state = "failed";
  $("camera-title").textContent = title;
  $("camera-text").textContent = text;
  $("camera-start").textContent = "Try again";
  $("camera-start").hidden = isFinal;
}

function buttons() {
  const isOn = Boolean(run), isSeen = isOn && !$("live").hidden;
  for (const id of ["camera-photo", "camera-to-photos", "full-screen"]) $(id).disabled = !isSeen;
  $("camera-stop").disabled = !isOn;
}

/** Once the camera is allowed the browser names all cameras; with several, one can be chosen. */
async function listCameras(stream) {
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const now = stream.getVideoTracks()[0].getSettings().deviceId;
  $("camera-choice").replaceChildren(...cameras.map(({ deviceId, label }, at) => el("option", { value: deviceId, textContent: label || `Camera ${at + 1}` })));
  $("camera-choice").value = now ?? "";
  $("camera-choice-row").hidden = cameras.length < 2;
}

const stamp = () => new Date().toISOString().slice(0, 19).replaceAll(":", "-");

async function savePicture() {
  const name = `camera-${stamp()}.png`;
  offer(await toBlob($("live")), name);
  say(`${name} is ready`);
}

/** The whole frame as a photo among the others, where it is cut out with all settings. */
async function toPhotos() {
  const canvas = el("canvas", { width: last.width, height: last.height });
  canvas.getContext("2d").drawImage(last, 0, 0);
  add([new File([await toBlob(canvas)], `camera-${stamp()}.png`, { type: "image/png" })]);
  show("photos");
}

const fullScreen = () => $("camera-stage").requestFullscreen().catch(() => say("The browser does not allow the full screen"));
