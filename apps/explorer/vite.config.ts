import { defineConfig } from "vite";
import { GRAPHICS, offline } from "./offline.ts";
import { texts } from "./texts.ts";

// Uses the sources of the packages, which then need no build, and relative addresses, which work in any folder of any host.
export default defineConfig({
  base: "./",
  plugins: [texts(), offline()],
  resolve: { conditions: ["@convlens/source"] },
  worker: {
    format: "es",
    rolldownOptions: {
      output: {
        // Layers are shown by the names of their classes.
        keepNames: true,
        chunkFileNames: ({ moduleIds }) =>
          moduleIds.some((id) => /\/(?:backend-gpu|gpu\.js)\//.test(id))
            ? `${GRAPHICS}[name]-[hash].js`
            : "assets/[name]-[hash].js",
      },
    },
  },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  preview: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
});
