// Talking to the server: one way to send, which waits out a busy or absent server and asks for a key where one is needed.

import { pause } from "./dom.js";

const KEY = "cutaway-key";
const LOOK_MS = 1500;

/** An answer that is not a picture: `title` in a few words, `message` in a sentence. */
export class Refused extends Error {
  constructor(title, detail = "", code = "") {
    super(detail);
    this.title = title;
    this.code = code;
  }
}

/** Told when the server goes away ("gone") and is there again ("back"). */
export const server = new EventTarget();

let askForKey = async () => null;
/** Set how a key is asked for: a function of whether the last one was wrong, that answers a key or null. */
export const onKeyNeeded = (ask) => { askForKey = ask; };

export const keyNow = () => sessionStorage.getItem(KEY) ?? "";
const headers = () => (keyNow() ? { "X-API-Key": keyNow() } : {});

/** JSON from the server. */
export async function ask(path) {
  const response = await fetch(path, { headers: headers() });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** POST a form until there is an answer, a blob with what the server notes about it; `onWait` is told "busy" with seconds, "gone" or "sent". */
export async function send(path, form, { signal, onWait = () => {} } = {}) {
  for (let failures = 0; ; ) {
    try {
      onWait("sent");
      const response = await fetch(path, { method: "POST", body: form, headers: headers(), signal });
      if (response.ok) return Object.assign(await response.blob(), { notes: response.headers.get("X-Cutaway-Notes") });
      await beforeNextTry(response, signal, onWait);
    } catch (error) {
      if (signal?.aborted || !(error instanceof TypeError)) throw error;
      if (await isThere()) {
        failures += 1;
        if (failures > 2) throw unsent();
        await pause(300 * failures, signal);
      } else {
        onWait("gone");
        await untilBack(signal);
      }
    }
  }
}

const unsent = () =>
  new Refused("It could not be sent", "If the file was changed or moved since, add it again.", "unsent");

/** Returns when another try makes sense; throws the refusal if none does. */
async function beforeNextTry(response, signal, onWait) {
  if (response.status === 503 || response.status === 429) {
    const seconds = Math.min(60, Math.max(1, Number(response.headers.get("Retry-After")) || 2));
    onWait("busy", seconds);
    await pause(1000 * seconds, signal);
    return;
  }
  const problem = await refusal(response);
  if (problem.code !== "auth_failed" && problem.code !== "invalid_api_key") throw problem;
  if (!(await newKey(problem.code === "invalid_api_key"))) throw problem;
}

let asking = null;

/** Ask for a key by one dialog, however many requests were refused; whether there is one. */
export function newKey(wasWrong) {
  asking ??= askForKey(wasWrong)
    .then((key) => { if (key) sessionStorage.setItem(KEY, key); return Boolean(key); })
    .finally(() => { asking = null; });
  return asking;
}

async function refusal(response) {
  try {
    const { title, detail, code } = (await response.json()).errors[0];
    return new Refused(title, detail ?? "", code);
  } catch {
    return new Refused(`The server answered ${response.status}`);
  }
}

async function isThere() {
  try {
    await fetch("health", { signal: AbortSignal.timeout(5000), cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}

let looking = null;

function untilBack(signal) {
  looking ??= lookOut().finally(() => { looking = null; });
  return Promise.race([looking, pause(2 ** 30, signal)]);
}

async function lookOut() {
  server.dispatchEvent(new Event("gone"));
  do await pause(LOOK_MS); while (!(await isThere()));
  server.dispatchEvent(new Event("back"));
}
