import { defineConfig } from "vite";

// The sources of the packages, so that the page needs no build of them; and addresses that work from any folder of any host.
export default defineConfig({
  base: "./",
  resolve: { conditions: ["@convlens/source"] },
  worker: { format: "es" },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  preview: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
});
