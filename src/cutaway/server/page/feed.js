// Frames to the server and mattes back, over one WebSocket: never more than two on their way, always the newest.

import { keyNow, newKey } from "./api.js";
import { pause } from "./dom.js";

const ON_THE_WAY = 2;
const AGAIN_MS = 1500;
const QUALITY = 0.85;
const KEY_CODES = ["auth_failed", "invalid_api_key"];

/**
 * A connection that is opened again until `stop`. Dispatches
 * "state" with { state: "open", "gone" or "refused", reason: what the server said, or null },
 * "matte" with { frame, matte, ms }: two bitmaps, which the listener has to close,
 * "problem" with { title, detail }: why one frame got no matte.
 */
export class Feed extends EventTarget {
  #socket = null;
  #isReady = false;
  #isOver = false;
  #pixels = 0; // of a frame that is sent
  #number = 0;
  #waitsUntil = 0;
  #sent = new Map(); // number → { frame, at }
  #wish;
  #small = document.createElement("canvas");

  constructor(wish) {
    super();
    this.#wish = wish;
    this.#keepOpen();
  }

  /** Say what is wanted from now on, by the names that /camera takes. */
  wish(changed) {
    Object.assign(this.#wish, changed);
    if (this.#isReady) this.#socket.send(JSON.stringify(changed));
  }

  stop() {
    this.#isOver = true;
    this.#socket?.close();
    this.#forget();
  }

  get isFree() {
    return this.#isReady && this.#sent.size < ON_THE_WAY && performance.now() >= this.#waitsUntil;
  }

  /** Send what a video shows now; the frame is kept in its full size until its matte is here. */
  async send(video) {
    if (!this.isFree) return;
    const number = (this.#number = (this.#number + 1) % 2 ** 32), socket = this.#socket;
    const entry = { frame: null, at: performance.now() };
    this.#sent.set(number, entry);
    const frame = await createImageBitmap(video), picture = await this.#shrunk(frame);
    if (!picture || this.#sent.get(number) !== entry || socket.readyState !== WebSocket.OPEN) {
      frame.close();
      this.#sent.delete(number);
      return;
    }
    entry.frame = frame;
    socket.send(new Blob([Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number), picture]));
  }

  #shrunk(frame) {
    const scale = Math.min(1, Math.sqrt(this.#pixels / (frame.width * frame.height))), small = this.#small;
    small.width = Math.max(1, Math.round(frame.width * scale));
    small.height = Math.max(1, Math.round(frame.height * scale));
    const context = small.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(frame, 0, 0, small.width, small.height);
    return new Promise((resolve) => { small.toBlob(resolve, "image/jpeg", QUALITY); });
  }

  async #keepOpen() {
    while (!this.#isOver) {
      const reason = await this.#connection();
      this.#isReady = false;
      this.#forget();
      if (this.#isOver) return;
      if (KEY_CODES.includes(reason?.code)) {
        if (await newKey(reason.code === "invalid_api_key")) continue;
        this.#tell("state", { state: "refused", reason });
        return;
      }
      this.#tell("state", { state: "gone", reason });
      await pause(AGAIN_MS);
    }
  }

  /** One connection, until it is closed; gives the reason if the server said one. */
  #connection() {
    const address = new URL("camera", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    const socket = (this.#socket = new WebSocket(address));
    socket.binaryType = "arraybuffer";
    let reason = null;
    return new Promise((resolve) => {
      socket.onopen = () => socket.send(JSON.stringify({ key: keyNow(), ...this.#wish }));
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") reason = this.#hear(JSON.parse(data));
        else this.#take(data);
      };
      socket.onclose = () => resolve(reason);
    });
  }

  /** A text: the server is ready, or something is wrong with a frame, or with the whole connection, which is returned. */
  #hear(told) {
    if (told.ready) {
      this.#pixels = told.frame_pixels;
      this.#isReady = true;
      this.#tell("state", { state: "open", reason: null });
      return null;
    }
    const [error] = told.errors;
    if (told.frame === undefined) return error;
    this.#waitsUntil = performance.now() + 1000 * (told.retry_after ?? 0);
    this.#forget(told.frame);
    this.#tell("problem", error);
    return null;
  }

  async #take(data) {
    const number = new DataView(data).getUint32(0), entry = this.#sent.get(number);
    if (!entry) return;
    this.#sent.delete(number);
    this.#forget(number);
    const matte = await createImageBitmap(new Blob([new Uint8Array(data, 4)], { type: "image/png" }));
    this.#tell("matte", { frame: entry.frame, matte, ms: performance.now() - entry.at });
  }

  /** Let go of all frames up to a number: a newer one was answered, so these never will be. */
  #forget(upTo = Infinity) {
    for (const [number, { frame }] of this.#sent) {
      if (number > upTo) continue;
      frame?.close();
      this.#sent.delete(number);
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
