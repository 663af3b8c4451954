// Lines and zones over a live picture: to look at, to choose, to draw, to move. Names are text, never markup.

import { arrows, distance, head, labelled, pixels, sides } from "appliance-editor/geometry.js";
import { grip } from "appliance-editor/grip.js";
import { pen } from "appliance-editor/pen.js";
import { picture } from "appliance-editor/picture.js";
import { template } from "appliance-editor/template.js";

// On a smaller picture only what is chosen has its directions named.
const ROOMY_PX = 560;
// On a shorter piece the handles would lie on each other.
const SPLIT_PX = 90;

export default {
  template,
  mixins: [picture, pen, grip],
  props: {
    src: String,
    ratio: Number,
    label: String,
    waiting: String,
    shapes: Array,
    chosen: String,
    draft: Object,
    drawing: String,
    editable: Boolean,
  },
  emits: ["choose", "drawn", "reshape", "abandon", "drop", "finish"],
  computed: {
    figures() {
      const others = this.shapes.filter((shape) => !this.draft || shape.name !== this.draft.origin);
      return others.map((shape) => this.figure(shape, shape.points, shape.name === this.chosen));
    },
    edited() {
      if (!this.draft || !this.points.length) return null;
      const figure = this.figure(this.draft, this.points, true);
      const pieces = sides(figure.corners, figure.isClosed).map(([first, second], index) => ({ first, second, index }));
      const long = pieces.filter(({ first, second }) => distance(first, second) > SPLIT_PX);
      return {
        ...figure,
        middles: long.map(({ first, second, index }) => ({ index, at: [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2] })),
      };
    },
  },
  methods: {
    figure(shape, points, isNamed) {
      const isClosed = shape.kind === "zone";
      const corners = points.map((point) => pixels(point, this.size));
      const both = arrows(corners, isClosed);
      const ways = ["forward", "backward"].map((side) => {
        const way = both[side];
        const name = isNamed || this.size[0] >= ROOMY_PX ? shape[side] : "";
        return { side, name, ...way, head: head(way), label: labelled(way.beyond, name.length, this.size, way.towards) };
      });
      const top = corners.reduce((best, corner) => (corner[1] < best[1] ? corner : best));
      const label = labelled([top[0] + 12, top[1] + 8], shape.name.length, this.size);
      return { ...shape, isClosed, corners, ways, label, path: `M${corners.join("L")}${isClosed ? "Z" : ""}` };
    },
    told(shape) {
      return `${shape.kind} ${shape.name}, directions ${shape.forward} and ${shape.backward}`;
    },
    choose(shape, byKey) {
      this.focusesCorner = byKey;
      this.$emit("choose", { kind: shape.kind, name: shape.name });
    },
    drop(shape) {
      if (this.editable) this.$emit("drop", { kind: shape.kind, name: shape.name });
    },
    move(event) {
      if (this.drawing) this.drawTo(event);
      else if (this.held) this.dragTo(event);
    },
    release(event) {
      if (this.drawing) this.lift(event);
      else this.letGo();
    },
    cancel() {
      if (this.drawing) this.blot();
      else this.putBack();
    },
  },
};
