// The live picture and its size: what is drawn over it is in the pixels of the screen, whatever the camera's are.

const LOOK_MS = 250;
const RETRY_MS = 2000;

export const picture = {
  data() {
    return { shown: "", natural: null, size: [1, 1], attempt: 0 };
  },
  computed: {
    frameStyle() {
      const ratio = this.natural ? this.natural[0] / this.natural[1] : this.ratio || 16 / 9;
      // A tall picture leaves room for what is below it.
      return { aspectRatio: String(ratio), maxWidth: `calc(72vh * ${ratio})` };
    },
  },
  mounted() {
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.$refs.layer);
    // A stream of pictures tells nobody when its first one is there.
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.onVisibility = () => this.connect();
    document.addEventListener("visibilitychange", this.onVisibility);
    this.measure();
    this.connect();
  },
  beforeUnmount() {
    this.observer.disconnect();
    clearInterval(this.timer);
    clearTimeout(this.again);
    document.removeEventListener("visibilitychange", this.onVisibility);
    // An image that is gone may go on receiving.
    this.$refs.image.removeAttribute("src");
  },
  methods: {
    // Nobody looks at a page in the background: no pictures are made for it.
    connect() {
      clearTimeout(this.again);
      if (!this.$refs.image) return;
      // A stream has no end, and a page that has not begun waits for the end of everything.
      if (document.readyState !== "complete") return void window.addEventListener("load", () => this.connect(), { once: true });
      const join = this.src.includes("?") ? "&" : "?";
      this.shown = document.hidden || !this.src ? "" : `${window.path_prefix || ""}${this.src}${join}attempt=${this.attempt}`;
    },
    lost() {
      if (!this.shown) return;
      this.natural = null;
      this.attempt += 1;
      this.again = setTimeout(() => this.connect(), RETRY_MS);
    },
    look() {
      const { naturalWidth, naturalHeight } = this.$refs.image;
      if (!naturalWidth || !this.shown) return;
      if (!this.natural || this.natural[0] !== naturalWidth || this.natural[1] !== naturalHeight) {
        this.natural = [naturalWidth, naturalHeight];
      }
    },
    measure() {
      const { clientWidth, clientHeight } = this.$refs.layer;
      this.size = [clientWidth || 1, clientHeight || 1];
    },
    at(event) {
      const box = this.$refs.layer.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    },
  },
};
