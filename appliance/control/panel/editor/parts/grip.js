// Moving what is there: a corner, a new corner out of the middle of a piece, or the whole of it; by pointer or by key.

import { FAST_STEP, STEP, fewest, inserted, replaced, share, shifted, stepped, without } from "./geometry.js";

const TELL_MS = 100;
const WHOLE = -1;

export const grip = {
  data() {
    return { points: [], held: null, focusesCorner: false, spoken: "" };
  },
  watch: {
    "draft.version": {
      immediate: true,
      handler() {
        this.points = this.draft ? this.draft.points : [];
        this.held = null;
        this.blot();
        if (this.draft && this.focusesCorner) this.focusOn(0);
        this.focusesCorner = false;
      },
    },
  },
  methods: {
    gripCorner(event, index) {
      this.hold(event, index, this.points);
    },
    gripMiddle(event, spot) {
      this.hold(event, spot.index + 1, inserted(this.points, spot.index + 1, share(spot.at, this.size)));
    },
    gripBody(event) {
      this.hold(event, WHOLE, this.points);
    },
    hold(event, index, points) {
      if (this.drawing || event.button) return;
      event.preventDefault();
      event.stopPropagation();
      this.$refs.layer.setPointerCapture(event.pointerId);
      this.held = { index, from: share(this.at(event), this.size), points, former: this.points };
      this.points = points;
      if (index !== WHOLE) this.focusOn(index);
    },
    dragTo(event) {
      const { index, from, points } = this.held;
      const now = share(this.at(event), this.size);
      const by = [now[0] - from[0], now[1] - from[1]];
      this.points = index === WHOLE
        ? shifted(points, by)
        : replaced(points, index, [points[index][0] + by[0], points[index][1] + by[1]]);
      this.tell(false);
    },
    letGo() {
      if (!this.held) return;
      this.held = null;
      this.tell(true);
    },
    putBack() {
      if (!this.held) return;
      this.points = this.held.former;
      this.held = null;
      this.tell(true);
    },
    // Python hears of a drag a few times a second, and of its end always.
    tell(isDone) {
      const now = performance.now();
      if (!isDone && now - (this.toldAt || 0) < TELL_MS) return;
      this.toldAt = now;
      this.$emit("reshape", { points: this.points, version: this.draft.version });
    },
    nudge(event, index) {
      const moved = stepped(this.points[index], event.key, event.shiftKey ? FAST_STEP : STEP);
      if (moved) this.become(replaced(this.points, index, moved), index);
      else if (event.key === "Delete" || event.key === "Backspace") this.removeCorner(index);
      else if (event.key === "Insert") this.addCorner(index);
      else if (event.key === "Enter") this.$emit("finish", {});
      else if (event.key === "Escape" && this.held) this.putBack();
      else if (event.key === "Escape") this.$emit("abandon", {});
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    become(points, index) {
      this.points = points;
      this.tell(true);
      this.focusOn(index);
      this.spoken = this.placed(index);
    },
    addCorner(index) {
      const [first, second] = [this.points[index], this.points[index + 1] || this.points[index - 1]];
      const place = index + 1 < this.points.length ? index + 1 : index;
      this.become(inserted(this.points, place, [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2]), place);
    },
    // Without its last corners there is nothing left of it.
    removeCorner(index) {
      if (this.points.length <= fewest(this.draft.kind)) this.$emit("drop", { kind: this.draft.kind, name: this.draft.origin });
      else this.become(without(this.points, index), Math.max(0, index - 1));
    },
    placed(index) {
      const [x, y] = this.points[index].map((value) => (value * 100).toFixed(1));
      return `Point ${index + 1} of ${this.points.length}: ${x} % from the left, ${y} % from the top`;
    },
    focusOn(index) {
      this.$nextTick(() => this.$refs.layer.querySelector(`[data-corner="${index}"]`)?.focus({ preventScroll: true }));
    },
  },
};
