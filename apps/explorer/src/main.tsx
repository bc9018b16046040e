import { mount } from "./mount.tsx";

// In its own task, because the task that parses the program is long already.
setTimeout(() => mount(document.getElementById("page")!));

// Files of the page are cached for visits without a network, after it has loaded.
if (import.meta.env.PROD && "serviceWorker" in navigator)
  addEventListener("load", () => {
    // The host is not trusted or the reader forbids it: then the page needs a network.
    navigator.serviceWorker.register("./sw.js").catch(() => undefined);
  });
