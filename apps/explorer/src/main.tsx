import { mount } from "./mount.tsx";

// A task of its own, after that which has read the program.
setTimeout(() => mount(document.getElementById("page")!));

// What belongs to the page is kept for visits without a network, once it is there and nobody waits for it.
if (import.meta.env.PROD && "serviceWorker" in navigator)
  addEventListener("load", () => {
    // A host that is not trusted, or a reader who forbids it: then the page needs a network.
    navigator.serviceWorker.register("./sw.js").catch(() => undefined);
  });
