// A camera's frame before another background, drawn by the browser: the server is asked only for the matte.

const LEVELS = 9; // each halves the picture
const BLUR = { usual: 5, most: 7 }; // from which level the blurred picture is enlarged: 5 is 16 pixels, as `blur:PX` counts

const layer = () => document.createElement("canvas").getContext("2d");
const subject = layer(), ground = layer();
const levels = Array.from({ length: LEVELS }, layer);

/**
 * Draw one frame.
 *
 * `behind` is "none", a colour, "gradient:FROM,TO,DEGREES", "blur", "blur:PX" or a bitmap, which covers.
 */
export function drawScene(canvas, frame, matte, { behind, isMirrored }) {
  const { width, height } = frame, context = sized(canvas.getContext("2d"), width, height);
  cut(sized(subject, width, height), frame, matte, "destination-in");
  if (typeof behind !== "string") cover(context, behind);
  else if (behind.startsWith("gradient:")) fill(context, gradient(context, behind.slice(9).split(",")));
  else if (behind.startsWith("blur")) flipped(context, isMirrored, () => blurred(context, frame, matte, Number(behind.slice(5))));
  else if (behind !== "none") fill(context, behind);
  flipped(context, isMirrored, () => context.drawImage(subject.canvas, 0, 0));
}

/** An empty canvas of a size; only what has another size is made anew. */
function sized(context, width, height) {
  const { canvas } = context;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  else context.clearRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  return context;
}

/** What of the frame the matte leaves ("destination-in"), or what it takes ("destination-out"). */
function cut(context, frame, matte, how) {
  const { width, height } = context.canvas;
  context.drawImage(frame, 0, 0, width, height);
  context.globalCompositeOperation = how;
  context.drawImage(matte, 0, 0, width, height);
  context.globalCompositeOperation = "source-over";
}

function flipped(context, isMirrored, draw) {
  context.save();
  if (isMirrored) context.setTransform(-1, 0, 0, 1, context.canvas.width, 0);
  draw();
  context.restore();
}

function fill(context, style) {
  context.fillStyle = style;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

function cover(context, picture) {
  const { width, height } = context.canvas, scale = Math.max(width / picture.width, height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
}

/** As CSS and Cutaway have it: 0 degrees to the top, clockwise, corner to corner. */
function gradient(context, [from, to, degrees = 180]) {
  const { width, height } = context.canvas, angle = (degrees * Math.PI) / 180;
  const x = Math.sin(angle), y = -Math.cos(angle), half = (Math.abs(width * x) + Math.abs(height * y)) / 2;
  const made = context.createLinearGradient(width / 2 - x * half, height / 2 - y * half, width / 2 + x * half, height / 2 + y * half);
  made.addColorStop(0, from);
  made.addColorStop(1, to);
  return made;
}

/**
 * The background alone, blurred: halved again and again, and enlarged. Where the subject was, the hole is filled from
 * still smaller copies (Gortler et al., The Lumigraph, 1996: pull-push), so that no colour of the subject glows around it.
 */
function blurred(context, frame, matte, wantedPx) {
  const { width, height } = context.canvas;
  const blur = wantedPx ? Math.min(BLUR.most, Math.max(1, Math.round(Math.log2(2 * wantedPx)))) : BLUR.usual;
  cut(sized(ground, width, height), frame, matte, "destination-out");
  let last = ground;
  for (const [at, level] of levels.entries()) {
    const { canvas } = last;
    sized(level, Math.max(1, canvas.width >> 1), Math.max(1, canvas.height >> 1));
    level.drawImage(canvas, 0, 0, level.canvas.width, level.canvas.height);
    if (at === levels.length - 1) solid(level);
    last = level;
  }
  for (let at = levels.length - 2; at >= 0; at--) enlarge(levels[at + 1], levels[at], at >= blur - 1);
  context.drawImage(levels[0].canvas, 0, 0, width, height);
}

/** Lay a level's larger copy under the next finer level, or in its place. */
function enlarge(small, large, isKept) {
  const { width, height } = large.canvas;
  large.globalCompositeOperation = isKept ? "destination-over" : "copy";
  large.drawImage(small.canvas, 0, 0, width, height);
  large.globalCompositeOperation = "source-over";
}

/** Nothing smaller is left to fill from: draw what is there over itself until it hides what is beneath. */
function solid(level) {
  for (let times = 0; times < 6; times++) level.drawImage(level.canvas, 0, 0);
}
