// Bars or lines over time, with a legend that can be used with the keyboard; what nobody saw is hatched.
// All names reach the page as text: Vue writes those of the legend, textContent those of the tooltip.
import { echarts } from "nicegui-echart";

const SERIES = 10;
const BARS_WITHOUT_ZOOM = 200;

export default {
  template: `
    <figure class="over-time">
      <ul v-if="series.length > 1 || series.length && series[0].name" class="legend">
        <li v-for="(one, number) in series" :key="one.name">
          <button type="button" :aria-pressed="String(!hidden[one.name])" @click="toggle(one.name)"
                  :title="hidden[one.name] ? 'Show in the chart' : 'Hide in the chart'">
            <span class="swatch" :class="'series-' + number" aria-hidden="true"></span>
            <span class="name">{{ one.name }}</span>
            <span class="number">{{ one.total }}</span>
          </button>
        </li>
        <li v-if="sights.includes('low')" class="key"><span class="swatch hatched low" aria-hidden="true"></span>partly seen</li>
        <li v-if="sights.includes('none')" class="key"><span class="swatch hatched" aria-hidden="true"></span>not seen</li>
      </ul>
      <div ref="canvas" class="canvas" role="img" :aria-label="description"></div>
    </figure>
  `,
  props: {
    labels: Array,
    marks: Array,
    series: Array,
    sights: Array,
    words: Array,
    kind: String,
    unit: String,
    description: String,
  },
  data: () => ({ hidden: {} }),
  mounted() {
    this.chart = echarts.init(this.$refs.canvas, null, { renderer: "canvas" });
    this.resizing = new ResizeObserver(() => this.chart.resize());
    this.resizing.observe(this.$refs.canvas);
    this.theming = new MutationObserver(() => this.draw());
    this.theming.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.draw();
  },
  updated() {
    this.draw();
  },
  beforeUnmount() {
    this.resizing.disconnect();
    this.theming.disconnect();
    this.chart.dispose();
  },
  methods: {
    toggle(name) {
      this.hidden = { ...this.hidden, [name]: !this.hidden[name] };
      this.draw();
    },
    colours() {
      const style = getComputedStyle(this.$el);
      const colour = (name) => style.getPropertyValue(name).trim();
      return {
        text: colour("--muted"),
        strong: colour("--text"),
        grid: colour("--edge"),
        hatch: colour("--hatch"),
        paper: colour("--card"),
        series: Array.from({ length: SERIES }, (_, number) => colour(`--series-${number}`)),
      };
    },
    draw() {
      if (!this.chart || !this.labels) return;
      const colours = this.colours();
      this.chart.setOption(this.options(colours), { notMerge: true });
    },
    options(colours) {
      const shown = this.series.map((one, number) => ({ ...one, number })).filter((one) => !this.hidden[one.name]);
      const zoomed = this.labels.length > BARS_WITHOUT_ZOOM;
      const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      return {
        animation: !isStill && this.labels.length <= BARS_WITHOUT_ZOOM,
        animationDuration: 300,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
        grid: { left: 8, right: 12, top: 12, bottom: zoomed ? 48 : 8, containLabel: true },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: this.kind === "bars" ? "shadow" : "line" },
          confine: true,
          backgroundColor: colours.paper,
          borderColor: colours.grid,
          textStyle: { color: colours.strong },
          formatter: (items) => this.tooltip(items),
        },
        xAxis: [this.axis(colours), { type: "category", data: this.labels, show: false, axisLabel: { show: false } }],
        yAxis: [
          {
            type: "value",
            minInterval: this.unit === "crossings" ? 1 : 0,
            axisLabel: { color: colours.text },
            splitLine: { lineStyle: { color: colours.grid } },
          },
          { type: "value", min: 0, max: 1, show: false, axisLabel: { show: false } },
        ],
        dataZoom: zoomed
          ? [{ type: "slider", xAxisIndex: [0, 1], height: 20, bottom: 12, borderColor: colours.grid, textStyle: { color: colours.text } }]
          : [],
        series: [...["none", "low"].map((sight) => this.unseen(sight, colours)), ...shown.map((one) => this.drawn(one, colours))],
      };
    },
    axis(colours) {
      return {
        type: "category",
        data: this.labels,
        axisTick: { alignWithLabel: true, lineStyle: { color: colours.grid } },
        axisLine: { lineStyle: { color: colours.grid } },
        axisLabel: { color: colours.text, hideOverlap: true, formatter: (_, index) => this.marks[index] },
      };
    },
    // On axes of its own, so that it fills the whole height and moves no bar aside.
    unseen(sight, colours) {
      return {
        name: sight,
        type: "bar",
        xAxisIndex: 1,
        yAxisIndex: 1,
        stack: "unseen",
        barWidth: "100%",
        barCategoryGap: "0%",
        silent: true,
        animation: false,
        z: 0,
        data: this.sights.map((one) => (one === sight ? 1 : null)),
        itemStyle: {
          color: "transparent",
          decal: {
            symbol: "rect",
            color: colours.hatch,
            dashArrayX: [1, 0],
            dashArrayY: sight === "none" ? [2, 4] : [1, 9],
            rotation: -Math.PI / 4,
          },
        },
      };
    },
    drawn(one, colours) {
      const colour = colours.series[one.number % SERIES];
      const common = { name: one.name, data: one.values, color: colour, z: 2, emphasis: { focus: "series" } };
      if (this.kind === "bars")
        return {
          ...common,
          type: "bar",
          stack: "counts",
          barMaxWidth: 44,
          barCategoryGap: this.labels.length > 60 ? "10%" : "28%",
          itemStyle: this.labels.length > 100 ? {} : { borderColor: colours.paper, borderWidth: 0.5 },
        };
      return {
        ...common,
        type: "line",
        lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][Math.floor(one.number / 4) % 3] },
        showSymbol: this.labels.length <= 60,
        symbolSize: 6,
        connectNulls: false,
      };
    },
    tooltip(items) {
      const counted = items.filter((item) => item.seriesName !== "none" && item.seriesName !== "low");
      const index = items[0].dataIndex;
      const box = document.createElement("div");
      const line = (text, kind, colour) => {
        const part = box.appendChild(document.createElement("div"));
        part.className = kind;
        if (colour) {
          const dot = part.appendChild(document.createElement("span"));
          dot.className = "swatch";
          dot.style.background = colour;
        }
        part.appendChild(document.createElement("span")).textContent = text;
        return part;
      };
      line(this.labels[index], "when");
      for (const item of counted)
        line(item.seriesName || this.unit, "what", item.color).appendChild(document.createElement("b")).textContent =
          item.value === null || item.value === undefined ? "–" : item.value;
      if (this.words[index]) line(this.words[index], "seen");
      box.className = "over-time-tooltip";
      return box;
    },
  },
};
