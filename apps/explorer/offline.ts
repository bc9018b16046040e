import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** Folder of the code for graphics processors, which is downloaded only when a reader selects one. */
export const GRAPHICS = "assets/graphics/";

/** Source of the service worker: it caches the page at the first visit, so that later visits need no network. */
const serviceWorker = (
  version: string,
  files: readonly string[],
): string => `const CACHE = "convlens-explorer-${version}";
const files = ${JSON.stringify(files)};
/** Milliseconds to wait for the network before the page is taken from the cache. */
const PATIENCE = 2000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("convlens-explorer-") && name !== CACHE;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

const fresh = async (request) => {
  const kept = await caches.match("./", { cacheName: CACHE });
  const late = new Promise((resolve) => kept && setTimeout(resolve, PATIENCE, kept));
  return Promise.race([fetch(request).catch(() => kept ?? Response.error()), late]);
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  // The page may have changed; the name of every other file contains a hash of its content.
  if (request.mode === "navigate") event.respondWith(fresh(request));
  else event.respondWith(caches.match(request, { cacheName: CACHE, ignoreSearch: true }).then((kept) => kept ?? fetch(request)));
});
`;

/** Plugin that writes `sw.js` beside the page, with the names of all built files except those in {@link GRAPHICS}. */
export function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    generateBundle(_, bundle) {
      const kept = Object.keys(bundle).filter((file) => !file.startsWith(GRAPHICS));
      const files = ["./", ...kept.map((file) => `./${file}`)].sort();
      const hash = createHash("sha256");
      for (const [name, made] of Object.entries(bundle))
        hash.update(name).update("code" in made ? made.code : made.source);
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: serviceWorker(hash.digest("hex").slice(0, 12), files),
      });
    },
  };
}
