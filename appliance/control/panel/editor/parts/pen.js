// Drawing something new: two clicks or one stroke for a line; a click for each corner, or one stroke for a rectangle, for a zone.

import { distance, fewest, pixels, proposed, rectangle, share } from "./geometry.js";

// Less is a click and no stroke.
const STROKE_PX = 14;
const CLOSE_PX = 18;

export const pen = {
  data() {
    return { ink: [], tip: null, pressedAt: null };
  },
  computed: {
    inkedCorners() {
      return this.ink.map((point) => pixels(point, this.size));
    },
    inked() {
      const corners = this.pressedAt && this.isStroke && this.drawing === "zone" && this.ink.length === 1
        ? rectangle(this.inkedCorners[0], this.tip)
        : [...this.inkedCorners, ...(this.tip && this.ink.length ? [this.tip] : [])];
      return corners.length > 1 ? `M${corners.join("L")}${this.drawing === "zone" && corners.length > 2 ? "Z" : ""}` : "";
    },
    isStroke() {
      return this.pressedAt && this.tip && distance(this.pressedAt, this.tip) > STROKE_PX;
    },
  },
  watch: {
    drawing(kind) {
      this.blot();
      if (kind) this.$nextTick(() => this.$refs.layer.focus({ preventScroll: true }));
    },
  },
  methods: {
    blot() {
      this.ink = [];
      this.tip = this.pressedAt = null;
    },
    press(event) {
      if (!this.drawing || event.button) return;
      event.preventDefault();
      this.$refs.layer.focus({ preventScroll: true });
      this.$refs.layer.setPointerCapture(event.pointerId);
      this.tip = this.pressedAt = this.at(event);
      if (!this.ink.length) this.ink = [share(this.tip, this.size)];
    },
    drawTo(event) {
      this.tip = this.at(event);
    },
    lift(event) {
      if (!this.pressedAt) return;
      this.tip = this.at(event);
      const [point, stroke] = [share(this.tip, this.size), this.isStroke];
      const isFirst = this.ink.length === 1 && distance(pixels(this.ink[0], this.size), this.pressedAt) < 1;
      this.pressedAt = null;
      if (isFirst && !stroke) return;
      if (isFirst && this.drawing === "zone") this.finish(rectangle(this.ink[0], point));
      else this.dot(point);
    },
    dot(point) {
      const corners = this.inkedCorners;
      const spot = pixels(point, this.size);
      if (distance(corners[corners.length - 1], spot) < 4) return;
      const isClosed = this.drawing === "zone" && corners.length >= 3 && distance(corners[0], spot) < CLOSE_PX;
      if (!isClosed) this.ink = [...this.ink, point];
      if (isClosed || (this.drawing === "line" && this.ink.length === 2)) this.finish(this.ink);
    },
    // A double click ends a zone.
    close() {
      if (this.drawing && this.ink.length >= fewest(this.drawing)) this.finish(this.ink);
    },
    finish(points) {
      this.$emit("drawn", { kind: this.drawing, points });
    },
    type(event) {
      if (!this.drawing) return;
      if (event.key === "Escape") this.$emit("abandon", {});
      else if (event.key === "Enter") this.enter();
      else if (event.key === "Backspace") this.ink = this.ink.slice(0, -1);
      else return;
      event.preventDefault();
    },
    // Enough for a shape makes one of it; from nothing comes one in the middle, for who has no mouse.
    enter() {
      if (this.ink.length >= fewest(this.drawing)) this.finish(this.ink);
      else if (!this.ink.length) {
        this.focusesCorner = true;
        this.finish(proposed(this.drawing));
      }
    },
  },
};
