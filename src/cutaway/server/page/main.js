// The page's beginning: ask the server what it can do, then put everything in its place.

import { $, notice, pause } from "./dom.js";
import { ask, onKeyNeeded, server } from "./api.js";
import { startBrush } from "./brush.js";
import { startCamera } from "./camera.js";
import { pick, startIntake } from "./intake.js";
import { list } from "./photos.js";
import { startPanel } from "./panel.js";
import { startPoints } from "./points.js";
import { startSave } from "./save.js";
import { learn } from "./settings.js";
import { startStage } from "./stage.js";
import { startStrip } from "./strip.js";
import { startViews } from "./views.js";

const AGAIN_MS = 1500;

server.addEventListener("gone", () => {
  notice("The server does not answer. Your photos are still here; this page goes on by itself when it is back.");
  tell("away", "No connection");
});
server.addEventListener("back", () => { notice(""); follow(); });
window.addEventListener("beforeunload", (event) => { if (list.some((photo) => photo.strokes.length)) event.preventDefault(); });
onKeyNeeded(askForKey);

for (const event of ["dragover", "drop"]) document.addEventListener(event, (early) => early.preventDefault()); // never leave the page

const { options, models } = await facts();
options.options.find(({ name }) => name === "model").default = models[0];
learn(options);
startStage();
startBrush();
startPoints();
startStrip(pick);
startPanel(models);
startSave();
startViews();
startIntake();
startCamera();
document.body.classList.add("started");
follow();

/** What the server offers; asked again until it answers. */
async function facts() {
  for (;;) {
    try {
      const [options, told] = await Promise.all([ask("options"), ask("models")]);
      notice("");
      const here = told.models.filter((model) => model.is_here).map((model) => model.name);
      return { options, models: [...new Set([told.served, ...here])] };
    } catch {
      notice("The server does not answer. This page tries again by itself.");
      await pause(AGAIN_MS);
    }
  }
}

function tell(state, text) {
  $("server").dataset.state = state;
  $("server-text").textContent = text;
}

/** The line at the top: whether the model is there. */
async function follow() {
  for (;;) {
    try {
      const response = await fetch("health", { cache: "no-store" });
      const { status } = await response.json();
      if (status === "ready") return tell("ready", "Ready");
      if (status === "failed") {
        notice("The model could not be opened; the server's log says why.");
        return tell("away", "No model");
      }
      tell("loading", "Loading the model…");
    } catch {
      tell("away", "No connection");
    }
    await pause(AGAIN_MS);
  }
}

function askForKey(wasWrong) {
  const dialog = $("key-dialog");
  $("key-why").textContent = wasWrong
    ? "That key was wrong. Try another one."
    : "Whoever runs it can give you one. It is forgotten when you close this tab.";
  $("key").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "use" ? $("key").value.trim() : null), { once: true });
  });
}
