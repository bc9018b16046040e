import { defineConfig } from "vitest/config";

const conditions = ["@convlens/source"];

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: { name: "unit", include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"], exclude: ["**/*.browser.test.ts", "**/node_modules/**"] },
      },
    ],
  },
});
