import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** The folder of what only runs on graphics processors: it is fetched by who asks for one, and kept by nobody else. */
export const GRAPHICS = "assets/graphics/";

/** The text of the service worker: what belongs to the page is kept at the first visit, so that later ones need no network. */
const serviceWorker = (
  version: string,
  files: readonly string[],
): string => `const CACHE = "convlens-explorer-${version}";
const files = ${JSON.stringify(files)};
/** A page that a slow network keeps waiting for so long comes from the cache. In milliseconds. */
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
  // The page may have changed; everything else has its content in its name.
  if (request.mode === "navigate") event.respondWith(fresh(request));
  else event.respondWith(caches.match(request, { cacheName: CACHE, ignoreSearch: true }).then((kept) => kept ?? fetch(request)));
});
`;

/** A plugin that writes `sw.js` beside the page, with the names of all files that the build has made, but for {@link GRAPHICS}. */
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
