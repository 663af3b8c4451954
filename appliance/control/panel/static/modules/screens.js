// Which tiles have a picture, and from where. A picture that nobody can see is not asked for, so that nobody makes it.
//
// A browser opens six connections to a host, and a stream holds one for good. So only a few tiles are streams; where more can be
// seen, and on a phone, all are single pictures that two workers fetch in turn.

const MOST_STREAMS = 2;
const WORKERS = 2;
const OVERLAY = "overlay=boxes,lines,counts";
const FRAME_MS = 200;
const PHONE_FRAME_MS = 1000;
const RETRY_MS = 4000;

export class Screens {
  constructor() {
    this.screens = new Map();
    this.phone = matchMedia("(max-width: 799px)");
    this.seen = new Set();
    this.stopping = new AbortController();
    this.observer = new IntersectionObserver((entries) => this.look(entries), { rootMargin: "80px" });
    for (const [target, event] of [[document, "visibilitychange"], [this.phone, "change"]]) {
      target.addEventListener(event, () => this.arrange(), { signal: this.stopping.signal });
    }
    for (let worker = 0; worker < WORKERS; worker++) this.work();
  }

  // An image of a tile; `pictures` is the address of its camera, empty where it has none to show.
  set(image, pictures) {
    const known = this.screens.get(image);
    if (known?.pictures === pictures) return;
    // An image without a picture takes no room, and would never come into sight again.
    if (!known) this.observer.observe(image.parentElement);
    this.screens.set(image, { pictures, mode: "off", due: 0 });
    this.clear(image);
    this.arrange();
  }

  drop(image) {
    this.observer.unobserve(image.parentElement);
    this.clear(image);
    this.screens.delete(image);
    this.seen.delete(image);
    this.arrange();
  }

  close() {
    this.stopping.abort();
    this.observer.disconnect();
    for (const image of this.screens.keys()) this.clear(image);
    this.screens.clear();
    this.seen.clear();
  }

  look(entries) {
    for (const { target, isIntersecting } of entries) {
      const image = target.querySelector("img");
      if (isIntersecting && image) this.seen.add(image);
      else this.seen.delete(image);
    }
    this.arrange();
  }

  // Decide for each tile how it gets its pictures.
  arrange() {
    const wanted = [...this.seen].filter((image) => this.screens.get(image)?.pictures && !document.hidden);
    const isFew = wanted.length <= MOST_STREAMS && !this.phone.matches;
    for (const [image, screen] of this.screens) {
      const mode = !wanted.includes(image) ? "off" : isFew ? "stream" : "single";
      if (mode === screen.mode) continue;
      screen.mode = mode;
      if (mode === "stream") this.stream(image, screen);
      else if (mode === "off") this.clear(image);
    }
  }

  stream(image, screen) {
    image.onload = () => image.classList.add("shown");
    image.onerror = () => this.again(image, screen);
    image.src = `${screen.pictures}/stream?${OVERLAY}&fps=5`;
  }

  // The stream has ended: the machine may be back in a moment.
  again(image, screen) {
    image.onerror = null;
    setTimeout(() => {
      if (this.screens.get(image) === screen && screen.mode === "stream") this.stream(image, screen);
    }, RETRY_MS);
  }

  clear(image) {
    image.onload = image.onerror = null;
    if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
    // Which ends a stream, too.
    image.removeAttribute("src");
    image.classList.remove("shown");
  }

  async work() {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const next = this.next();
      if (!next) await new Promise((done) => setTimeout(done, FRAME_MS / 2));
      else await this.fetch(...next, signal);
    }
  }

  // The tile that has waited longest.
  next() {
    const now = performance.now();
    let best = null;
    for (const [image, screen] of this.screens) {
      if (screen.mode === "single" && !screen.busy && screen.due <= now && (!best || screen.due < best[1].due)) best = [image, screen];
    }
    return best;
  }

  async fetch(image, screen, signal) {
    const begun = performance.now();
    screen.busy = true;
    try {
      const answer = await fetch(`${screen.pictures}/snapshot.jpg?${OVERLAY}`, { signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const picture = await answer.blob();
      if (this.screens.get(image) === screen && screen.mode === "single") this.show(image, picture);
      screen.due = begun + (this.phone.matches ? PHONE_FRAME_MS : FRAME_MS);
    } catch {
      screen.due = performance.now() + RETRY_MS;
    }
    screen.busy = false;
  }

  show(image, picture) {
    const former = image.src;
    image.src = URL.createObjectURL(picture);
    image.classList.add("shown");
    if (former.startsWith("blob:")) URL.revokeObjectURL(former);
  }
}
