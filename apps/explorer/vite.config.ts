import { defineConfig } from "vite";
import { offline } from "./offline.ts";
import { texts } from "./texts.ts";

// The sources of the packages, so that the page needs no build of them; and addresses that work from any folder of any host.
export default defineConfig({
  base: "./",
  plugins: [texts(), offline()],
  resolve: { conditions: ["@convlens/source"] },
  // Layers are shown by the names of their classes.
  worker: { format: "es", rolldownOptions: { output: { keepNames: true } } },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  preview: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
});
