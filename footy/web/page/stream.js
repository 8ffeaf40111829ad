// The connection to the server: it comes back by itself, and says how it is.

const SILENCE_MS = 40000; // the server says something every 15 s
const AGAIN_MS = [500, 1000, 2000, 4000];

export class Stream {
  constructor(path, { onAll, onChanges, onTick, onState }) {
    this.path = path;
    this.handlers = { onAll, onChanges, onTick, onState };
    this.failures = 0;
    this.source = null;
    this.heardAt = Date.now();
    this.open();
    setInterval(() => {
      if (this.source && Date.now() - this.heardAt > SILENCE_MS) this.again();
    }, 5000);
    addEventListener("online", () => this.again(true));
  }

  open() {
    clearTimeout(this.timer);
    this.heardAt = Date.now();
    const source = new EventSource(this.path);
    this.source = source;
    const heard = (take) => (event) => {
      if (this.source !== source) return;
      this.heardAt = Date.now();
      take(JSON.parse(event.data));
    };
    source.addEventListener(
      "all",
      heard((sent) => {
        this.failures = 0;
        this.handlers.onState(true);
        this.handlers.onAll(sent);
      }),
    );
    source.addEventListener(
      "changes",
      heard((sent) => {
        if (!this.handlers.onChanges(sent)) this.again(true);
      }),
    );
    source.addEventListener("tick", heard(this.handlers.onTick));
    source.onerror = () => {
      if (this.source === source) this.again();
    };
  }

  again(atOnce = false) {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    if (!atOnce) this.handlers.onState(false);
    const wait = atOnce ? 0 : AGAIN_MS[Math.min(this.failures, AGAIN_MS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }
}
