// Corrections of a matte: a list of strokes, drawn in order over the alpha that the network found.
// A stroke is { keep, size, points }, in pixels of the photo. As a list it can be undone, and it outlives new edge settings.

import { canvasOf } from "./dom.js";

/** Draw one stroke, or the part of it from a point on, onto a canvas whose alpha is the matte. */
export function drawStroke(context, stroke, from = 0) {
  const points = stroke.points.slice(Math.max(0, from - 1));
  context.save();
  context.globalCompositeOperation = stroke.keep ? "source-over" : "destination-out";
  context.fillStyle = context.strokeStyle = "#fff";
  context.lineWidth = stroke.size;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  if (points.length === 1) {
    context.arc(points[0][0], points[0][1], stroke.size / 2, 0, 2 * Math.PI);
    context.fill();
  } else {
    context.moveTo(...points[0]);
    for (const point of points.slice(1)) context.lineTo(...point);
    context.stroke();
  }
  context.restore();
}

/** A white canvas whose alpha is that of a cut-out, with the strokes drawn in. */
export function corrected(cutout, strokes) {
  const canvas = canvasOf(cutout.width, cutout.height);
  const context = canvas.getContext("2d");
  context.drawImage(cutout, 0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-over";
  for (const stroke of strokes) drawStroke(context, stroke);
  return canvas;
}
