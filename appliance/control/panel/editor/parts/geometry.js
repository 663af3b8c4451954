// The geometry of lines and zones on a picture: pure. Points are [x, y], y down; shares are of the picture, 0..1, the rest is pixels.

// What a key moves a corner by, and the finest share that is kept: a hundredth of a percent.
export const STEP = 0.005;
export const FAST_STEP = 0.05;
const FINEST = 1e4;

// From the line to where an arrow begins, and to its tip.
const GAP_PX = 9;
const ARROW_PX = 34;

export function share(point, size) {
  return [clamped(point[0] / size[0]), clamped(point[1] / size[1])];
}

export function pixels(point, size) {
  return [point[0] * size[0], point[1] * size[1]];
}

export function clamped(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * FINEST) / FINEST;
}

export function distance(first, second) {
  return Math.hypot(first[0] - second[0], first[1] - second[1]);
}

// Positive where the inside is to the right of the way along the corners, on a picture clockwise.
export function area(corners) {
  return sides(corners, true).reduce((sum, [first, second]) => sum + first[0] * second[1] - second[0] * first[1], 0) / 2;
}

// The pieces between the points; those of a zone lead back to the first.
export function sides(points, closed) {
  const pieces = points.slice(1).map((point, number) => [points[number], point]);
  return closed && points.length > 1 ? [...pieces, [points[points.length - 1], points[0]]] : pieces;
}

// Both ways over a line, at the middle of its longest piece. Forward leads to the right of the way along the line, into a zone:
// with y down, right of (x, y) is (-y, x).
export function arrows(points, closed) {
  const way = closed && area(points) < 0 ? [...points].reverse() : points;
  const pieces = sides(way, closed);
  if (!pieces.length) return null;
  const [start, end] = pieces.reduce((best, piece) => (distance(...piece) > distance(...best) ? piece : best));
  const length = distance(start, end) || 1;
  const right = [-(end[1] - start[1]) / length, (end[0] - start[0]) / length];
  const middle = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
  return { forward: arrow(middle, right), backward: arrow(middle, [-right[0], -right[1]]) };
}

function arrow(middle, towards) {
  const at = (px) => [middle[0] + px * towards[0], middle[1] + px * towards[1]];
  return { start: at(GAP_PX), tip: at(ARROW_PX), beyond: at(ARROW_PX + 6 + 8 * Math.abs(towards[1])), towards };
}

// A filled head for an arrow.
export function head({ tip, towards }) {
  const [x, y] = towards;
  const back = [tip[0] - 11 * x, tip[1] - 11 * y];
  return [tip, [back[0] - 7 * y, back[1] + 7 * x], [back[0] + 7 * y, back[1] - 7 * x]].map((point) => point.join(",")).join(" ");
}

// Where a text of this many letters begins, so that all of it is in the picture; it leads away from where it stands.
export function labelled(point, letters, size, towards = [1, 0]) {
  const width = letters * 7.6 + 6;
  const lean = towards[0] > 0.5 ? 0 : towards[0] < -0.5 ? 1 : 0.5;
  return [between(point[0] - lean * width, 4, size[0] - width), between(point[1] + 5, 16, size[1] - 6)];
}

function between(value, least, most) {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

// The whole shape elsewhere, as far as the picture goes; it keeps its form.
export function shifted(points, by) {
  const room = (axis) => {
    const values = points.map((point) => point[axis]);
    return between(by[axis], -Math.min(...values), 1 - Math.max(...values));
  };
  const step = [room(0), room(1)];
  return points.map((point) => [clamped(point[0] + step[0]), clamped(point[1] + step[1])]);
}

export function replaced(points, index, point) {
  return points.map((old, number) => (number === index ? [clamped(point[0]), clamped(point[1])] : old));
}

export function inserted(points, index, point) {
  return [...points.slice(0, index), [clamped(point[0]), clamped(point[1])], ...points.slice(index)];
}

export function without(points, index) {
  return points.filter((_, number) => number !== index);
}

export function fewest(kind) {
  return kind === "zone" ? 3 : 2;
}

// What a line or a zone is before anybody has said where.
export function proposed(kind) {
  return kind === "zone"
    ? [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]]
    : [[0.3, 0.5], [0.7, 0.5]];
}

// The corners between two opposite ones.
export function rectangle([left, top], [right, bottom]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

// What an arrow key does to a point; null for any other key.
export function stepped(point, key, step) {
  const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key];
  return by ? [clamped(point[0] + by[0]), clamped(point[1] + by[1])] : null;
}
