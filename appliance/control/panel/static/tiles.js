// Tiles of all cameras. Names and reasons are text, never markup.
import { Screens } from "appliance-tiles/screens.js";

// With more cameras than these one looks for them by name.
const MANY = 12;

const tile = `
  <li v-for="camera in found" :key="camera.name" class="tile card">
    <div class="screen" :style="{ aspectRatio: camera.ratio }">
      <img v-if="hasPicture(camera)" v-screen="camera.pictures" :alt="'Live picture of ' + camera.name">
      <p v-else class="blank">{{ camera.reason || camera.word }}</p>
    </div>
    <div class="under">
      <h2><a :href="camera.path">{{ camera.name }}</a></h2>
      <p class="state"><span class="dot" :class="camera.state"></span>
        <span>{{ camera.word }} <span class="muted">since {{ camera.since }}</span></span>
        <span class="space"></span><span v-if="hasPicture(camera)" class="muted">{{ camera.rate }}</span></p>
      <p v-if="camera.reason && hasPicture(camera)" class="reason" :class="'is-' + camera.state">{{ camera.reason }}</p>
      <div v-if="camera.lines.length" class="today"><h3 class="muted">Today</h3><dl class="counts">
        <div v-for="line in camera.lines" :key="line.name">
          <dt>{{ line.name }}</dt>
          <dd v-for="count in line.counts" :key="count.name"><span class="muted">{{ count.name }}</span>
            <strong>{{ count.number === null ? "–" : count.number.toLocaleString("en") }}</strong></dd>
        </div>
      </dl></div>
      <p v-else class="muted">No line yet: draw one on its page.</p>
    </div>
  </li>`;

export default {
  template: `
    <div class="stack">
      <div v-if="cameras.length > many" class="line">
        <label class="search"><span class="hidden">Camera by name</span>
          <input type="search" v-model="name" placeholder="Camera by name"></label>
        <label class="choice"><input type="checkbox" v-model="onlyWrong"> Only what needs attention ({{ wrong }})</label>
      </div>
      <p v-if="!found.length" class="muted" role="status">No camera fits.</p>
      <ul class="tiles" :class="{ few: cameras.length < 3 }" role="list" aria-label="Cameras">${tile}</ul>
    </div>`,
  props: { cameras: Array },
  directives: {
    screen: {
      mounted: (image, { instance, value }) => instance.screens.set(image, value),
      updated: (image, { instance, value }) => instance.screens.set(image, value),
      beforeUnmount: (image, { instance }) => instance.screens.drop(image),
    },
  },
  data: () => ({ name: "", onlyWrong: false, many: MANY }),
  computed: {
    wrong() {
      return this.cameras.filter((camera) => camera.state !== "ok").length;
    },
    found() {
      const wanted = this.name.trim().toLowerCase();
      const isWanted = (camera) => camera.name.toLowerCase().includes(wanted) && !(this.onlyWrong && camera.state === "ok");
      return this.cameras.filter(isWanted);
    },
  },
  created() {
    this.screens = new Screens();
  },
  unmounted() {
    this.screens.close();
  },
  methods: {
    hasPicture: (camera) => camera.state === "ok" || camera.state === "degraded",
  },
};
